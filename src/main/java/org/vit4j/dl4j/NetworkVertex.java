package org.vit4j.dl4j;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.inputs.InvalidInputTypeException;
import org.deeplearning4j.nn.conf.layers.samediff.SDVertexParams;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffLowering;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.model.SavedModel;
import org.vit4j.models.Model;
import org.vit4j.models.Models;

/**
 * A network of vit4j, up to a named tensor, as a vertex of DL4J's {@code ComputationGraph}.
 *
 * <p>Input: preprocessed images [N, C, H, W]. Output: a tensor of shape [D] as [N, D], a sequence [T, D] as DL4J's recurrent
 * format, [N, D, T]. Only networks of vit4j, whose config is in the JSON of the graph.
 *
 * <p>In DL4J a parameter is named {@code vertex_parameter}, with hyphens for the underscores of its name in vit4j.
 *
 * <p>Batch norms use their running statistics, which stay constant, and dropout and drop path are inactive, as in
 * fine-tuning with frozen statistics: a DL4J vertex has one graph for training and inference. Weight decay applies to
 * kernels ({@code l2}, {@code weightDecay}), not to biases, norms, tokens and position embeddings.
 */
public final class NetworkVertex extends SameDiffVertex {
    private static final long serialVersionUID = 1L;
    private static final String IMAGES = "images_nchw";

    // DL4J writes these fields as JSON and restores them by the constructor without arguments.
    @JsonProperty("config")
    private String config;

    @JsonProperty("tensor")
    private String tensor;

    @JsonProperty("seed")
    private long seed;

    private transient Graph graph;
    private transient NetworkBody body;
    private transient ParameterStore initial;

    /** For DL4J's JSON reader. */
    private NetworkVertex() {}

    private NetworkVertex(String config, String tensor, long seed, ParameterStore initial) {
        this.config = config;
        this.tensor = tensor;
        this.seed = seed;
        this.initial = initial;
        body(); // reports an unknown tensor here
    }

    /**
     * A network with random weights.
     *
     * @param tensor name in {@code vit4j summary}, such as {@code norm}, or {@code logits} for the whole network
     * @throws IllegalArgumentException if the network has no such tensor, or its shape is neither [D] nor [T, D]
     */
    public static NetworkVertex of(Model network, String tensor, long seed) {
        return new NetworkVertex(network.yaml(), tensor, seed, null);
    }

    /** A network with the weights of a saved model; see {@link #of(Model, String, long)}. */
    public static NetworkVertex of(SavedModel saved, String tensor) {
        return new NetworkVertex(saved.description().model().yaml(), tensor, 0, saved.parameters());
    }

    private synchronized NetworkBody body() {
        if (body == null) {
            graph = Models.builtIn().saved(config, "NetworkVertex").graph();
            body = NetworkBody.of(graph, tensor);
        }
        return body;
    }

    @Override
    public void defineParametersAndInputs(SDVertexParams params) {
        params.defineInputs(IMAGES);
        body().parameters().forEach((name, parameter) -> {
            long[] shape = parameter.shape().dims().stream()
                    .mapToLong(Integer::longValue)
                    .toArray();
            if (parameter.role().decayed()) params.addWeightParam(name, shape);
            else params.addBiasParam(name, shape);
        });
    }

    @Override
    public void initializeParameters(Map<String, INDArray> params) {
        ParameterStore weights = initial;
        if (weights == null) {
            body();
            weights = new ParameterStore(graph.parameters(), DataType.FLOAT);
            weights.initialize(seed);
        }
        for (Map.Entry<String, INDArray> entry : params.entrySet()) {
            String name = body().parameters().get(entry.getKey()).name();
            entry.getValue().assign(weights.array(name));
        }
    }

    @Override
    public SDVariable defineVertex(
            SameDiff sd,
            Map<String, SDVariable> inputs,
            Map<String, SDVariable> params,
            Map<String, SDVariable> masks) {
        SDVariable images = sd.permute(inputs.get(IMAGES), 0, 2, 3, 1);
        Map<String, SDVariable> variables = new HashMap<>();
        body().parameters().forEach((name, parameter) -> variables.put(parameter.name(), params.get(name)));
        SDVariable output = SameDiffLowering.lowerInto(sd, body().tensors(), images, variables);
        return body().output().shape().rank() == 1 ? output : sd.permute(output, 0, 2, 1);
    }

    @Override
    public GraphVertex instantiate(
            ComputationGraph graph, String name, int index, INDArray parameters, boolean initialize, DataType type) {
        setName(name);
        return new NetworkGraphVertex(this, graph, name, index, parameters, initialize, type);
    }

    @Override
    public void validateInput(INDArray[] input) {
        Shape expected = image().shape(); // [H, W, C]
        long[] shape = input[0].shape();
        boolean fits = shape.length == 4
                && shape[1] == expected.dim(2)
                && shape[2] == expected.dim(0)
                && shape[3] == expected.dim(1);
        if (fits) return;
        throw new IllegalArgumentException("expected images [N, " + expected.dim(2) + ", " + expected.dim(0) + ", "
                + expected.dim(1) + "], got " + Arrays.toString(shape));
    }

    private Tensor image() {
        return body().tensors().get(0);
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType... inputs) throws InvalidInputTypeException {
        if (!(inputs[0] instanceof InputType.InputTypeConvolutional)) {
            throw new InvalidInputTypeException("expected images, InputType.convolutional(H, W, C), got " + inputs[0]);
        }
        Shape shape = body().output().shape();
        return shape.rank() == 1
                ? InputType.feedForward(shape.dim(0))
                : InputType.recurrent(shape.dim(1), shape.dim(0));
    }

    @Override
    public int maxVertexInputs() {
        return 1;
    }

    /** Running statistics and constants are parameters for DL4J, so that it saves them, but do not change. */
    @Override
    public IUpdater getUpdaterByParam(String name) {
        return isTrainable(name) ? super.getUpdaterByParam(name) : new Sgd(0);
    }

    @Override
    public List<Regularization> getRegularizationByParam(String name) {
        return isTrainable(name) ? super.getRegularizationByParam(name) : List.of();
    }

    private boolean isTrainable(String parameter) {
        return body().parameters().get(parameter).role().trainable();
    }

    @Override
    public NetworkVertex clone() {
        NetworkVertex copy = new NetworkVertex();
        copy.config = config;
        copy.tensor = tensor;
        copy.seed = seed;
        copy.initial = initial;
        copy.setName(getName());
        copy.regularization = regularization;
        copy.regularizationBias = regularizationBias;
        copy.updater = updater == null ? null : updater.clone();
        copy.biasUpdater = biasUpdater == null ? null : biasUpdater.clone();
        copy.gradientNormalization = gradientNormalization;
        copy.gradientNormalizationThreshold = gradientNormalizationThreshold;
        copy.dataType = dataType;
        return copy;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NetworkVertex vertex
                && super.equals(other)
                && Objects.equals(config, vertex.config)
                && Objects.equals(tensor, vertex.tensor)
                && seed == vertex.seed;
    }

    @Override
    public int hashCode() {
        return Objects.hash(config, tensor, seed);
    }
}
