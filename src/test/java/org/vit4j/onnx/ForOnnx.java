package org.vit4j.onnx;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.LongStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.keras.ForKeras;
import org.vit4j.keras.KerasExamples;

/** Puts models under {@code target/onnx}: what {@code checks/onnx/check_onnx.py} gives to the format's own checker. */
public final class ForOnnx {
    private static final Path OUT = Path.of("target", "onnx");

    private ForOnnx() {}

    /** A network, with images [N, C, H, W] and the logits they must give. */
    public static Path network(String name, Graph graph, ParameterStore parameters, INDArray images, INDArray logits)
            throws IOException {
        Path file = write(name, OnnxModel.of(graph, name, PixelInput.normalized()), parameters);
        ForKeras.npy(OUT.resolve(name + ".images.npy"), array(images));
        ForKeras.npy(OUT.resolve(name + ".logits.npy"), array(logits));
        return file;
    }

    private static KerasExamples.Array array(INDArray array) {
        int[] shape = LongStream.of(array.shape()).mapToInt(Math::toIntExact).toArray();
        return new KerasExamples.Array(shape, array.dup('c').data().asFloat());
    }

    /** A part of a network: inputs and outputs as the graph has them. */
    public static Path part(String name, Graph graph, Map<String, Tensor> outputs, ParameterStore parameters) {
        return write(name, OnnxModel.of(graph, name, outputs), parameters);
    }

    private static Path write(String name, OnnxModel model, ParameterStore parameters) {
        Path file = OUT.resolve(name + ".onnx");
        model.write(file, parameters::values, Map.of());
        return file;
    }
}
