package org.vit4j.onnx;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import onnx.OnnxMl;
import onnx.OnnxMl.TensorProto.DataType;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * A graph as an ONNX model: operations of the standard domain only, any batch size, inference.
 *
 * <p>A value has the name of our tensor and its shape, {@code blocks.3.attn.weights} [batch, H, T, S]; images that come out
 * of convolutions and pools are [batch, C, H, W], as ONNX has them. Weights have the names of ours and their shape, but
 * for kernels of convolutions, [out, in, kH, kW].
 */
public final class OnnxModel {
    /** Says which operations there are and what they mean; see the package. */
    public static final int OPSET = 17;
    /** The version of the file format that came with that operator set, in ONNX 1.12. */
    public static final int IR_VERSION = 8;
    /** What a network is given: [batch, C, H, W], or pixels [batch, H, W, C]; see {@link PixelInput}. */
    public static final String INPUT = "images";
    /** What it answers: [batch, K]. */
    public static final String OUTPUT = "logits";

    private final OnnxMl.GraphProto graph;
    private final List<Initializer> initializers;

    private OnnxModel(OnnxGraphBuilder nodes, String name) {
        this.graph = nodes.graph(name);
        this.initializers = nodes.initializers();
    }

    /**
     * A network with one input, {@code images}, and one output, {@code logits} [batch, K]: of two heads the mean, as in
     * the graph.
     *
     * @param name of the graph
     */
    public static OnnxModel of(Graph graph, String name, PixelInput pixels) {
        Tensor logits = graph.outputs().get(OUTPUT);
        if (logits == null) throw new IllegalArgumentException("the graph has no output '" + OUTPUT + "'");
        OnnxGraphBuilder nodes = new OnnxGraphBuilder();
        OnnxLayers.OnnxInputs inputs = image -> pixels.value(nodes, INPUT, image.shape());
        return of(nodes, graph, name, Map.of(OUTPUT, logits), inputs);
    }

    /** Any graph: inputs by their names and with the axes our graph says, [batch, H, W, C] for images. */
    static OnnxModel of(Graph graph, String name, Map<String, Tensor> outputs) {
        OnnxGraphBuilder nodes = new OnnxGraphBuilder();
        OnnxLayers.OnnxInputs inputs = input -> {
            nodes.input(input.name(), DataType.FLOAT, input.shape().dims());
            return OnnxValue.plain(nodes, input.shape(), input.name());
        };
        return of(nodes, graph, name, outputs, inputs);
    }

    private static OnnxModel of(
            OnnxGraphBuilder nodes,
            Graph graph,
            String name,
            Map<String, Tensor> outputs,
            OnnxLayers.OnnxInputs inputs) {
        Map<String, OnnxValue> values = OnnxLayers.of(nodes, graph, outputs.values(), inputs);
        new LinkedHashMap<>(outputs).forEach((output, tensor) -> {
            String value = values.get(tensor.name()).plain();
            if (!value.equals(output)) nodes.node("Identity", output, List.of(value));
            nodes.output(output, tensor.shape().dims());
        });
        return new OnnxModel(nodes, name);
    }

    /**
     * Writes the model whole or not at all. Above 2 GB, more than the format holds, the weights go into a file beside it,
     * {@code FILE.data}, which must stay there.
     *
     * @param weights asked once for each weight by our name; row by row, as our shape says
     * @param metadata what a reader is told besides, as text
     * @throws org.vit4j.io.RunException when it cannot be written
     */
    public void write(Path file, Function<String, float[]> weights, Map<String, String> metadata) {
        write(file, weights, metadata, OnnxFile.LARGEST);
    }

    void write(Path file, Function<String, float[]> weights, Map<String, String> metadata, long largest) {
        new OnnxFile(head(metadata), graph, initializers, weights, largest).write(file);
    }

    /** Where weights go that do not fit into {@code file}; empty when they do. */
    public java.util.Optional<Path> beside(Path file) {
        OnnxFile written = new OnnxFile(head(Map.of()), graph, initializers, name -> new float[0], OnnxFile.LARGEST);
        return written.fits() ? java.util.Optional.empty() : java.util.Optional.of(OnnxFile.data(file));
    }

    /** All of the model but its graph. */
    private static OnnxMl.ModelProto head(Map<String, String> metadata) {
        OnnxMl.ModelProto.Builder model = OnnxMl.ModelProto.newBuilder()
                .setIrVersion(IR_VERSION)
                .setProducerName("vit4j")
                .addOpsetImport(OnnxMl.OperatorSetIdProto.newBuilder().setVersion(OPSET));
        metadata.forEach((key, value) -> model.addMetadataProps(
                OnnxMl.StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
        return model.build();
    }
}
