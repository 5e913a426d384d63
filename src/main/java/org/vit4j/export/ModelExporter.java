package org.vit4j.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.vit4j.backend.Backend;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.SameFile;
import org.vit4j.model.SavedModel;
import org.vit4j.onnx.PixelInput;

/** Exports a saved model to another file format. Files are written atomically. */
public final class ModelExporter {
    private ModelExporter() {}

    /**
     * Settings of single formats.
     *
     * @param pixels input of an ONNX model; ignored by other formats
     * @param names naming scheme of a safetensors file, see {@link org.vit4j.checkpoint.names.CheckpointNames#name}; the default
     *     is the scheme that the model was imported with, or else the reference implementation's
     */
    public record ExportOptions(PixelInput.PixelInputKind pixels, Optional<String> names) {
        public static final ExportOptions DEFAULTS =
                new ExportOptions(PixelInput.PixelInputKind.NORMALIZED, Optional.empty());

        public ExportOptions with(PixelInput.PixelInputKind kind) {
            return new ExportOptions(kind, names);
        }

        public ExportOptions withNames(String word) {
            return new ExportOptions(pixels, Optional.of(word));
        }

        private void check(ExportFormat format) {
            if (pixels != PixelInput.PixelInputKind.NORMALIZED && format != ExportFormat.ONNX) {
                throw new ConfigError("--preprocess: supported by onnx only, not by " + format.cliName());
            }
            if (names.isPresent() && format != ExportFormat.SAFETENSORS) {
                throw new ConfigError("--names: supported by safetensors only, not by " + format.cliName());
            }
        }
    }

    /**
     * Reads {@code model} and writes {@code file}, replacing an existing file.
     *
     * @return the written files, {@code file} first
     * @throws ConfigError if the model cannot be read or is too large for the format, or if {@code file} is not a valid
     *     target
     * @throws org.vit4j.io.RunException if the file cannot be written
     */
    public static List<Path> run(Path model, ExportFormat format, Path file, ExportOptions options) {
        options.check(format);
        checkTarget(file);
        if (isSameFile(model, file)) throw new ConfigError("-o " + file + ": is the model itself; choose another file");
        try (SavedModel saved = SavedModel.load(model, Backend.SAMEDIFF)) {
            return write(saved, format, file, options);
        }
    }

    /** Exports a loaded model. See {@link #run}. */
    public static List<Path> write(SavedModel model, ExportFormat format, Path file, ExportOptions options) {
        options.check(format);
        checkTarget(file);
        switch (format) {
            case KERAS -> SavedModel.write(file, model.description(), model.parameters());
            case SAFETENSORS -> SafeTensorsExport.write(model, file, options.names);
            case SAMEDIFF -> SameDiffExport.write(model, file);
            case ONNX -> {
                Optional<Path> dataFile = OnnxExport.externalDataFile(model, file);
                dataFile.ifPresent(ModelExporter::checkTarget);
                OnnxExport.write(model, file, options.pixels);
                if (dataFile.isPresent()) return List.of(file, dataFile.get());
            }
        }
        return List.of(file);
    }

    private static boolean isSameFile(Path model, Path file) {
        try {
            return SameFile.test(model, file);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
    }

    /** Checks the target before any work is done. */
    private static void checkTarget(Path file) {
        if (Files.isDirectory(file)) {
            throw new ConfigError("-o " + file + ": is a directory; expected a file, such as model.onnx");
        }
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new ConfigError("-o " + file + ": is a device, not a file");
        }
        Path parent = file.toAbsolutePath().getParent();
        while (parent != null && !Files.exists(parent)) parent = parent.getParent();
        if (parent != null && !Files.isDirectory(parent)) {
            throw new ConfigError("-o " + file + ": " + parent + " is a file, not a directory");
        }
        if (parent != null && !Files.isWritable(parent)) {
            throw new ConfigError("-o " + file + ": no permission to write to " + parent);
        }
    }
}
