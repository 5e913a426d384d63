package org.vit4j.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.vit4j.compute.Engine;
import org.vit4j.config.ConfigError;
import org.vit4j.io.Atomic;
import org.vit4j.model.SavedModel;
import org.vit4j.onnx.Pixels;

/** A saved model becomes a file of another format, written whole or not at all. */
public final class Export {
    private Export() {}

    /**
     * What a format leaves open.
     *
     * @param pixels what an ONNX model is given; of no meaning elsewhere
     * @param names whose names safetensors has, a word of {@link org.vit4j.arch.KeyScheme#name}; else those that the
     *     model was imported with, else the reference's; of no meaning elsewhere
     */
    public record Options(Pixels.Kind pixels, Optional<String> names) {
        public static final Options STANDARD = new Options(Pixels.Kind.NORMALISED, Optional.empty());

        public Options with(Pixels.Kind kind) {
            return new Options(kind, names);
        }

        public Options withNames(String word) {
            return new Options(pixels, Optional.of(word));
        }

        private void check(Format format) {
            if (pixels != Pixels.Kind.NORMALISED && format != Format.ONNX) {
                throw new ConfigError("--preprocess: only onnx holds it, not " + format.word());
            }
            if (names.isPresent() && format != Format.SAFETENSORS) {
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
     * @throws org.vit4j.io.Failure when the file cannot be written
     */
    public static List<Path> run(Path model, Format format, Path file, Options options) {
        options.check(format);
        checkPlace(file);
        if (same(model, file)) throw new ConfigError("-o " + file + ": that is the model itself; name another file");
        try (SavedModel saved = SavedModel.load(model, Engine.PORTABLE)) {
            return write(saved, format, file, options);
        }
    }

    /** The same of a model that is open. */
    public static List<Path> write(SavedModel model, Format format, Path file, Options options) {
        options.check(format);
        checkPlace(file);
        switch (format) {
            case KERAS -> SavedModel.write(file, model.description(), model.parameters());
            case SAFETENSORS -> SafeTensorsExport.write(model, file, options.names);
            case SAMEDIFF -> SameDiffExport.write(model, file);
            case ONNX -> {
                Optional<Path> beside = OnnxExport.beside(model, file);
                beside.ifPresent(Export::checkPlace);
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
            throw new ConfigError(file + ": cannot be looked at: " + Atomic.reason(e), e);
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
