package org.vit4j.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.vit4j.backend.Backend;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.model.SavedModel;
import org.vit4j.onnx.PixelInput;

/** A saved model becomes a file of another format, written whole or not at all. */
public final class ModelExporter {
    private ModelExporter() {}

    /**
     * What a format leaves open.
     *
     * @param pixels what an ONNX model is given; of no meaning elsewhere
     * @param names whose names safetensors has, a word of {@link org.vit4j.models.CheckpointNames#name}; else those that the
     *     model was imported with, else the reference's; of no meaning elsewhere
     */
    public record ExportOptions(PixelInput.PixelInputKind pixels, Optional<String> names) {
        public static final ExportOptions STANDARD =
                new ExportOptions(PixelInput.PixelInputKind.NORMALIZED, Optional.empty());

        public ExportOptions with(PixelInput.PixelInputKind kind) {
            return new ExportOptions(kind, names);
        }

        public ExportOptions withNames(String word) {
            return new ExportOptions(pixels, Optional.of(word));
        }

        private void check(ExportFormat format) {
            if (pixels != PixelInput.PixelInputKind.NORMALIZED && format != ExportFormat.ONNX) {
                throw new ConfigError("--preprocess: only onnx holds it, not " + format.word());
            }
            if (names.isPresent() && format != ExportFormat.SAFETENSORS) {
                throw new ConfigError("--names: only safetensors has other names, not " + format.word());
            }
        }
    }

    /**
     * Reads {@code model} and writes {@code file}; what stood there is replaced.
     *
     * @return what was written, {@code file} first
     * @throws ConfigError when the model cannot be read, does not fit the format, or something stands in the way of the
     *     file
     * @throws org.vit4j.io.RunException when the file cannot be written
     */
    public static List<Path> run(Path model, ExportFormat format, Path file, ExportOptions options) {
        options.check(format);
        checkPlace(file);
        if (same(model, file)) throw new ConfigError("-o " + file + ": that is the model itself; name another file");
        try (SavedModel saved = SavedModel.load(model, Backend.SAMEDIFF)) {
            return write(saved, format, file, options);
        }
    }

    /** The same of a model that is open. */
    public static List<Path> write(SavedModel model, ExportFormat format, Path file, ExportOptions options) {
        options.check(format);
        checkPlace(file);
        switch (format) {
            case KERAS -> SavedModel.write(file, model.description(), model.parameters());
            case SAFETENSORS -> SafeTensorsExport.write(model, file, options.names);
            case SAMEDIFF -> SameDiffExport.write(model, file);
            case ONNX -> {
                Optional<Path> beside = OnnxExport.beside(model, file);
                beside.ifPresent(ModelExporter::checkPlace);
                OnnxExport.write(model, file, options.pixels);
                if (beside.isPresent()) return List.of(file, beside.get());
            }
        }
        return List.of(file);
    }

    private static boolean same(Path model, Path file) {
        try {
            return Files.exists(model) && Files.exists(file) && Files.isSameFile(model, file);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be looked at: " + AtomicFiles.reason(e), e);
        }
    }

    /** What can be known before any work is done. */
    private static void checkPlace(Path file) {
        if (Files.isDirectory(file)) {
            throw new ConfigError("-o " + file + ": is a directory; expected a file, such as model.onnx");
        }
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new ConfigError("-o " + file + ": is a device, not a file");
        }
        Path above = file.toAbsolutePath().getParent();
        while (above != null && !Files.exists(above)) above = above.getParent();
        if (above != null && !Files.isDirectory(above)) {
            throw new ConfigError("-o " + file + ": " + above + " is a file, not a directory");
        }
        if (above != null && !Files.isWritable(above)) {
            throw new ConfigError("-o " + file + ": no permission to write to " + above);
        }
    }
}
