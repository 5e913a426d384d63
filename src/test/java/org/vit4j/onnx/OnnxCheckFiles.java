package org.vit4j.onnx;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.LongStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.keras.KerasCheckFiles;
import org.vit4j.keras.KerasExample;

/** Writes models to {@code target/onnx}, where {@code checks/onnx/check_onnx.py} runs the official ONNX checker. */
public final class OnnxCheckFiles {
    private static final Path OUT = Path.of("target", "onnx");

    private OnnxCheckFiles() {}

    /** Writes a network with images [N, C, H, W] and expected logits. */
    public static Path network(String name, Graph graph, ParameterStore parameters, INDArray images, INDArray logits)
            throws IOException {
        Path file = write(name, OnnxModel.of(graph, name, PixelInput.normalized()), parameters);
        KerasCheckFiles.npy(OUT.resolve(name + ".images.npy"), array(images));
        KerasCheckFiles.npy(OUT.resolve(name + ".logits.npy"), array(logits));
        return file;
    }

    private static KerasExample.Array array(INDArray array) {
        int[] shape = LongStream.of(array.shape()).mapToInt(Math::toIntExact).toArray();
        return new KerasExample.Array(shape, array.dup('c').data().asFloat());
    }

    /** Writes a part of a network, with inputs and outputs in the graph's layout. */
    public static Path part(String name, Graph graph, Map<String, Tensor> outputs, ParameterStore parameters) {
        return write(name, OnnxModel.of(graph, name, outputs), parameters);
    }

    private static Path write(String name, OnnxModel model, ParameterStore parameters) {
        Path file = OUT.resolve(name + ".onnx");
        model.write(file, parameters::values, Map.of());
        return file;
    }
}
