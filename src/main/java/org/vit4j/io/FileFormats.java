package org.vit4j.io;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Formats of model files by their ending, for messages about a file of another format than expected. */
public final class FileFormats {
    private static final Map<String, String> BY_ENDING = Map.of(
            ".keras", "a saved model",
            ".onnx", "an ONNX file",
            ".safetensors", "a safetensors file",
            ".pt", "a PyTorch file",
            ".pth", "a PyTorch file",
            ".h5", "an HDF5 file",
            ".npz", "a NumPy file");

    private FileFormats() {}

    /** Describes the format of a model file; empty if the ending is not that of one. */
    public static Optional<String> ofModel(Path file) {
        String name = file.toString();
        int dot = Math.max(0, name.lastIndexOf('.'));
        return Optional.ofNullable(BY_ENDING.get(name.substring(dot).toLowerCase(Locale.ROOT)));
    }
}
