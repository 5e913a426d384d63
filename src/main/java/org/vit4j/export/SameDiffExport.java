package org.vit4j.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffGraph;
import org.vit4j.backend.samediff.SameDiffLowering;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.io.AtomicFiles;
import org.vit4j.model.SavedModel;

/**
 * Exports FlatBuffers files that {@code SameDiff.load} opens with only ND4J on the class path: placeholder {@code
 * image} [-1, H, W, C], already preprocessed, output {@code logits} [-1, K]. Variables keep their vit4j names.
 */
public final class SameDiffExport {
    /**
     * Largest file that ND4J 1.0.0-M2.1 can write. Its FlatBufferBuilder doubles the buffer from 1024 bytes up to 1 GB
     * (flatbuffers 1.12, {@code growByteBuffer}), half of the format's limit of 2 GB.
     */
    static final long MAX_BYTES = 1L << 30;
    /** Upper bound per variable for names, shapes and settings, in bytes. */
    private static final long OVERHEAD = 2048;

    private static final String OUTPUT = "logits";

    private SameDiffExport() {}

    /**
     * @throws ConfigError if the model is too large for the format
     * @throws org.vit4j.io.RunException if the file cannot be written
     */
    public static void write(SavedModel model, Path file) {
        write(model.graph(), model.parameters(), file);
    }

    /** Exports the given weights. */
    public static void write(Graph graph, ParameterStore parameters, Path file) {
        checkSize(file, parameterBytes(graph));
        SameDiffGraph lowered = SameDiffLowering.lower(graph, parameters, Mode.INFERENCE);
        SameDiff sd = lowered.sd();
        SDVariable logits = lowered.output(OUTPUT);
        if (!logits.name().equals(OUTPUT)) sd.identity(OUTPUT, logits);
        checkSize(file, arrayBytes(sd) + OVERHEAD * sd.variables().size());
        AtomicFiles.write(file, temporary -> save(sd, temporary));
    }

    private static void save(SameDiff sd, Path file) throws IOException {
        try {
            sd.save(file.toFile(), false);
        } catch (RuntimeException e) { // ND4J wraps it
            if (e.getCause() instanceof IOException cause) throw cause;
            throw e;
        }
    }

    private static long parameterBytes(Graph graph) {
        return Float.BYTES
                * graph.parameters().stream().mapToLong(Parameter::size).sum();
    }

    private static long arrayBytes(SameDiff sd) {
        long bytes = 0;
        for (SDVariable variable : sd.variables()) {
            VariableType type = variable.getVariableType();
            if (type != VariableType.VARIABLE && type != VariableType.CONSTANT) continue;
            INDArray array = variable.getArr();
            bytes += array.length() * array.dataType().width();
        }
        return bytes;
    }

    static void checkSize(Path file, long bytes) {
        if (bytes <= MAX_BYTES) return;
        throw new ConfigError(String.format(
                Locale.ROOT,
                "%s: the model has %d bytes, above the limit of SameDiff's FlatBuffers (%d); export it as keras or onnx"
                        + " instead",
                file,
                bytes,
                MAX_BYTES));
    }
}
