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
 * A graph converted to an ONNX model for inference, with operators of the standard domain only and any batch size.
 *
 * <p>Values keep name and shape of the graph's tensors, {@code blocks.3.attn.probs} [batch, H, T, S], except that
 * outputs of convolutions and pools are [batch, C, H, W]. Initializers keep name and shape of the parameters, except
 * that convolution kernels are [out, in, kH, kW].
 */
public final class OnnxModel {
    /** Operator set version; see the package for the choice. */
    public static final int OPSET = 17;
    /** File format version that was released with this operator set, in ONNX 1.12. */
    public static final int IR_VERSION = 8;
    /** Input of a network: [batch, C, H, W], or pixels [batch, H, W, C]; see {@link PixelInput}. */
    public static final String INPUT = "images";
    /** Output of a network: [batch, K]. */
    public static final String OUTPUT = "logits";

    private final OnnxMl.GraphProto graph;
    private final List<Initializer> initializers;

    private OnnxModel(OnnxGraphBuilder nodes, String name) {
        this.graph = nodes.graph(name);
        this.initializers = nodes.initializers();
    }

    /**
     * Converts a network with one input, {@code images}, and one output, {@code logits} [batch, K]. With two heads, the
     * output is their mean, as in the graph.
     *
     * @param name of the graph
     */
    public static OnnxModel of(Graph graph, String name, PixelInput pixels) {
        OnnxGraphBuilder nodes = new OnnxGraphBuilder();
        OnnxLayers.OnnxInputs inputs = image -> pixels.value(nodes, INPUT, image.shape());
        return of(nodes, graph, name, Map.of(OUTPUT, graph.logits()), inputs);
    }

    /** Converts any graph. Inputs keep their names and axes, [batch, H, W, C] for images. */
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
     * Writes the model atomically. Above 2 GB, the limit of the format, the weights are stored in {@code FILE.data} in
     * the same directory, where it must remain.
     *
     * @param weights row-major values by parameter name; called once for each parameter
     * @param metadata additional text entries
     * @throws org.vit4j.io.RunException if a file cannot be written
     */
    public void write(Path file, Function<String, float[]> weights, Map<String, String> metadata) {
        write(file, weights, metadata, OnnxFile.MAX_BYTES);
    }

    void write(Path file, Function<String, float[]> weights, Map<String, String> metadata, long maxBytes) {
        new OnnxFile(head(metadata), graph, initializers, weights, maxBytes).write(file);
    }

    /** Separate weight file of a model above 2 GB, otherwise empty. */
    public java.util.Optional<Path> externalDataFile(Path file) {
        OnnxFile written = new OnnxFile(head(Map.of()), graph, initializers, name -> new float[0], OnnxFile.MAX_BYTES);
        return written.fitsInOneFile() ? java.util.Optional.empty() : java.util.Optional.of(OnnxFile.dataFile(file));
    }

    /** The model without its graph. */
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
