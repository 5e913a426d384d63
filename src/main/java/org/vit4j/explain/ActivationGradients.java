package org.vit4j.explain;

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
import org.vit4j.backend.DropMask;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Inference;
import org.vit4j.backend.LossInputs;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;

/**
 * Values of a network's tensors and gradients of a logit with respect to them. Images are [B, H, W, C], preprocessed.
 */
final class ActivationGradients implements AutoCloseable {
    private static final String TARGET = "explain.target";

    private final Graph graph;
    private final ParameterStore parameters;
    private final Backend backend;
    private final Inference inference;
    private final boolean ownsInference;
    private final String input;
    /** Tensor that {@link #step} differentiates by. */
    private String stepTensor;

    private GradientStep step;
    private boolean closed;

    ActivationGradients(Graph graph, ParameterStore parameters, Backend backend) {
        this(graph, parameters, backend, backend.inference(graph, parameters), true);
    }

    /**
     * @param inference of the same network
     * @param ownsInference if true, {@link #close} closes {@code inference}; otherwise the caller does
     */
    ActivationGradients(
            Graph graph, ParameterStore parameters, Backend backend, Inference inference, boolean ownsInference) {
        this.graph = graph;
        this.parameters = parameters;
        this.backend = backend;
        this.inference = inference;
        this.ownsInference = ownsInference;
        this.input = inference.input();
    }

    Graph graph() {
        return graph;
    }

    /** Computes tensors by name, each [B, ..]. */
    Map<String, INDArray> values(List<String> tensors, INDArray images) {
        return inference.tensors(tensors, Map.of(input, images));
    }

    INDArray logits(INDArray images) {
        return inference.logits(images);
    }

    /**
     * A tensor and the gradient of each image's logit with respect to it.
     *
     * @param value [B, ..]
     * @param gradient the same shape
     */
    record ActivationGradient(INDArray value, INDArray gradient) {}

    /**
     * Computes the gradient of one logit per image in inference mode: no dropout, batch norm with its running
     * statistics.
     *
     * @param tensor name of a tensor that the logits depend on
     * @param classes index of the class for each image
     * @throws ConfigError if the network has no such class
     */
    ActivationGradient gradient(String tensor, INDArray images, int[] classes) {
        long batch = images.size(0);
        prepare(tensor);
        Map<String, INDArray> inputs = new HashMap<>();
        inputs.put(input, images);
        inputs.put(TARGET, target(classes));
        // Masks of ones switch dropout off.
        for (DropMask mask : step.masks()) {
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
        if (closed) throw new IllegalStateException("the explainer is closed");
        if (tensor.equals(stepTensor)) return;
        if (step != null) step.close();
        Set<String> frozen = graph.parameters().stream().map(Parameter::name).collect(Collectors.toSet());
        List<String> read = tensor.equals(input) ? List.of() : List.of(tensor);
        // The gradient of the input is requested as well: all parameters are frozen, and a backend propagates gradients
        // only through tensors that precede a requested one.
        List<String> gradients = tensor.equals(input) ? List.of(input) : List.of(tensor, input);
        var spec = new GradientStep.GradientSpec(this::sumOfTargetLogits, read, gradients, frozen);
        step = backend.step(graph, parameters, Mode.FINE_TUNING, spec);
        stepTensor = tensor;
    }

    /**
     * Sums the target logit of each image. Images do not interact, so each image's gradient is that of its own logit.
     */
    private SDVariable sumOfTargetLogits(LossInputs network) {
        int classes = network.graph().logits().dim(0);
        SDVariable target = network.sd().placeHolder(TARGET, type(), -1, classes);
        return network.output(Graph.LOGITS).mul(target).sum();
    }

    private DataType type() {
        return parameters.trainable().dataType();
    }

    private INDArray target(int[] classes) {
        int count = graph.logits().dim(0);
        float[] ones = new float[classes.length * count];
        for (int i = 0; i < classes.length; i++) {
            if (classes[i] < 0 || classes[i] >= count) {
                throw new ConfigError("class " + classes[i] + " out of range [0, " + count + ")");
            }
            ones[i * count + classes[i]] = 1;
        }
        return Nd4j.createFromArray(ones).reshape('c', classes.length, count).castTo(type());
    }

    @Override
    public void close() {
        if (step != null) step.close();
        step = null;
        closed = true;
        if (ownsInference) inference.close();
    }
}
