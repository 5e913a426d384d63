package org.vit4j.explain;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Backend;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Inference;
import org.vit4j.backend.LossInputs;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffGraph;
import org.vit4j.backend.samediff.SameDiffLowering;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;

/** Values of a network's tensors, and gradients of a logit by them. Images are [B, H, W, C], preprocessed. */
final class ActivationGradients implements AutoCloseable {
    private static final String TARGET = "explain.target";

    private final Graph graph;
    private final ParameterStore parameters;
    private final Backend engine;
    private final Inference inference;
    private final boolean owned;
    private final String input;
    private String by;
    private GradientStep step;

    ActivationGradients(Graph graph, ParameterStore parameters, Backend engine) {
        this(graph, parameters, engine, engine.inference(graph, parameters), true);
    }

    /** @param inference of the same network, that somebody else closes unless it is {@code owned} */
    ActivationGradients(Graph graph, ParameterStore parameters, Backend engine, Inference inference, boolean owned) {
        this.graph = graph;
        this.parameters = parameters;
        this.engine = engine;
        this.inference = inference;
        this.owned = owned;
        this.input = inference.input();
    }

    Graph graph() {
        return graph;
    }

    /** Tensors by name, [B, ..]. */
    Map<String, INDArray> values(List<String> tensors, INDArray images) {
        return inference.tensors(tensors, Map.of(input, images));
    }

    INDArray logits(INDArray images) {
        return inference.logits(images);
    }

    /**
     * A tensor and the gradient of each image's logit by it.
     *
     * @param value [B, ..]
     * @param gradient the same shape
     */
    record ActivationGradient(INDArray value, INDArray gradient) {}

    /**
     * The slope of one class's logit an image, as the network stands: nothing is dropped, batch norms go by their
     * running statistics.
     *
     * @param tensor one the logits depend on
     * @param classes index of the class for each image
     */
    ActivationGradient slope(String tensor, INDArray images, int[] classes) {
        long batch = images.size(0);
        prepare(tensor);
        Map<String, INDArray> inputs = new HashMap<>();
        inputs.put(input, images);
        inputs.put(TARGET, target(classes));
        // What is multiplied by one is not dropped.
        for (SameDiffGraph.DropMask mask : step.masks()) {
            inputs.put(mask.name(), Nd4j.ones(type(), mask.shape().batched(batch)));
        }
        step.run(inputs);
        long[] shape = graph.tensor(tensor).shape().batched(batch);
        INDArray value = tensor.equals(input) ? images : step.tensor(tensor);
        return new ActivationGradient(
                value.dup('c').reshape('c', shape),
                step.gradientOfTensor(tensor).dup('c').reshape('c', shape));
    }

    private void prepare(String tensor) {
        if (tensor.equals(by)) return;
        if (step != null) step.close();
        Set<String> frozen = graph.parameters().stream().map(Parameter::name).collect(Collectors.toSet());
        List<String> read = tensor.equals(input) ? List.of() : List.of(tensor);
        // By the input as well: with every weight frozen, an engine follows only what a wanted gradient lies before.
        List<String> slopes = tensor.equals(input) ? List.of(input) : List.of(tensor, input);
        var wanted = new GradientStep.GradientSpec(this::chosen, read, slopes, frozen);
        step = engine.step(graph, parameters, SameDiffLowering.Mode.FINE_TUNING, wanted);
        by = tensor;
    }

    /** The sum of the chosen logits: each image's gradient is that of its own. */
    private SDVariable chosen(LossInputs network) {
        int classes = network.graph().outputs().get("logits").dim(0);
        SDVariable target = network.sd().placeHolder(TARGET, type(), -1, classes);
        return network.output("logits").mul(target).sum();
    }

    private DataType type() {
        return parameters.trainable().dataType();
    }

    private INDArray target(int[] classes) {
        int all = graph.outputs().get("logits").dim(0);
        float[] ones = new float[classes.length * all];
        for (int i = 0; i < classes.length; i++) {
            if (classes[i] < 0 || classes[i] >= all) {
                throw new IllegalArgumentException(
                        "class " + classes[i] + " of " + all + " in " + Arrays.toString(classes));
            }
            ones[i * all + classes[i]] = 1;
        }
        return Nd4j.createFromArray(ones).reshape('c', classes.length, all).castTo(type());
    }

    @Override
    public void close() {
        if (step != null) step.close();
        if (owned) inference.close();
    }
}
