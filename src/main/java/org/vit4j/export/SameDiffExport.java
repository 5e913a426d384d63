package org.vit4j.export;

import java.nio.file.Path;
import java.util.Locale;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffGraph;
import org.vit4j.backend.samediff.SameDiffLowering;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.io.AtomicFiles;
import org.vit4j.model.SavedModel;

/**
 * FlatBuffers that {@code SameDiff.load} opens with nothing but ND4J on the class path: placeholder {@code image} [-1, H,
 * W, C], already preprocessed, output {@code logits} [-1, K], tensors and weights by our names.
 */
public final class SameDiffExport {
    /**
     * The longest file ND4J 1.0.0-M2.1 writes: its FlatBufferBuilder doubles its buffer from 1024 bytes and stops there
     * (flatbuffers 1.12, {@code growByteBuffer}), at half of the format's own 2 GB.
     */
    static final long LARGEST = 1L << 30;
    /** Names, shapes and settings of an operation and its result, generously. */
    private static final long OVERHEAD = 2048;

    private static final String OUTPUT = "logits";

    private SameDiffExport() {}

    /**
     * @throws ConfigError when the model is larger than the format can hold
     * @throws org.vit4j.io.RunException when it cannot be written
     */
    public static void write(SavedModel model, Path file) {
        write(model.graph(), model.parameters(), file);
    }

    /** The same of any weights. */
    public static void write(Graph graph, ParameterStore parameters, Path file) {
        check(file, weights(graph));
        SameDiffGraph lowered = SameDiffLowering.lower(graph, parameters, SameDiffLowering.Mode.INFERENCE);
        SameDiff sd = lowered.sd();
        SDVariable logits = lowered.output(OUTPUT);
        if (!logits.name().equals(OUTPUT)) sd.identity(OUTPUT, logits);
        check(file, arrays(sd) + OVERHEAD * sd.variables().size());
        AtomicFiles.write(file, temporary -> sd.save(temporary.toFile(), false));
    }

    private static long weights(Graph graph) {
        return Float.BYTES
                * graph.parameters().stream().mapToLong(Parameter::size).sum();
    }

    private static long arrays(SameDiff sd) {
        long bytes = 0;
        for (SDVariable variable : sd.variables()) {
            VariableType type = variable.getVariableType();
            if (type != VariableType.VARIABLE && type != VariableType.CONSTANT) continue;
            INDArray array = variable.getArr();
            bytes += array.length() * array.dataType().width();
        }
        return bytes;
    }

    static void check(Path file, long bytes) {
        if (bytes <= LARGEST) return;
        throw new ConfigError(String.format(
                Locale.ROOT,
                "%s: a model of %d bytes is more than SameDiff's FlatBuffers hold (%d); export it as keras or onnx,"
                        + " which have no such limit",
                file,
                bytes,
                LARGEST));
    }
}
