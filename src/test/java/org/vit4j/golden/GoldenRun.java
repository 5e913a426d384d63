package org.vit4j.golden;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Backend;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Inference;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.checkpoint.CheckpointLayout;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;

/** Runs a case: compares outputs, attention maps, losses, all gradients, and running statistics after a step. */
final class GoldenRun {
    private final GoldenCase golden;
    private final Backend engine;
    private final GoldenGraph built;
    private final Graph graph;
    private final ParameterStore parameters;
    private final GoldenErrors errors = new GoldenErrors();

    private GoldenRun(GoldenCase golden, Backend engine) {
        this.golden = golden;
        this.engine = engine;
        this.built = GoldenConfigs.build(golden);
        this.graph = built.graph();
        this.parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
    }

    static GoldenErrors run(GoldenCase golden, Backend engine) {
        GoldenRun run = new GoldenRun(golden, engine);
        run.load();
        run.evaluate(run.graph, run.built.evaluated());
        run.built.others().forEach(run::evaluate);
        for (GoldenGraph.GoldenLoss loss : run.built.losses()) {
            run.load(); // the previous loss may have changed the running statistics
            run.train(loss);
        }
        return run.errors;
    }

    /** Compares the outputs of inference only. */
    static GoldenErrors evaluate(GoldenCase golden, Backend engine) {
        GoldenRun run = new GoldenRun(golden, engine);
        run.load();
        run.evaluate(run.graph, run.built.evaluated());
        run.built.others().forEach(run::evaluate);
        return run.errors;
    }

    /** Loads all parameters from the reference's state dict; fails if a key is missing or unused. */
    private void load() {
        Set<String> unused = new TreeSet<>(golden.weights().keySet());
        for (Parameter weight : graph.parameters()) {
            CheckpointLayout layout = CheckpointLayout.of(weight, built.keys());
            SafeTensors.NamedValues array = golden.weights().get(layout.key());
            if (array == null)
                throw new AssertionError("no '" + layout.key() + "' for " + weight.name() + " in " + unused);
            parameters.set(weight.name(), layout.toModel(array.shape(), array.values()));
            unused.remove(layout.key());
        }
        unused.removeIf(GoldenRun::isCounterOrIndex);
        // Parameters that the reference owns and never uses, such as a norm that is not called.
        golden.names("parameters_without_gradient").forEach(unused::remove);
        if (!unused.isEmpty()) throw new AssertionError("unused keys: " + unused);
    }

    private static boolean isCounterOrIndex(String key) {
        return key.endsWith("num_batches_tracked")
                || key.endsWith("pos_indices")
                || key.endsWith("attention_bias_idxs");
    }

    private void evaluate(Graph evaluated, Map<String, String> tensors) {
        try (Inference inference = engine.inference(evaluated, parameters)) {
            tensors.forEach((name, tensor) -> {
                String file = golden.io().containsKey(name) ? name : name + "_eval";
                Shape shape = evaluated.tensor(tensor).shape();
                INDArray actual = inference.tensor(tensor, inputs(evaluated));
                errors.output(file, Compare.largest(actual, golden.inGraphLayout(file, shape)));
            });
        }
    }

    /**
     * Gradients of the first loss by parameter, without those that are zero by mathematics: a value of rounding only has no
     * relative error.
     */
    static Map<String, float[]> gradients(GoldenCase golden, Backend engine) {
        GoldenRun run = new GoldenRun(golden, engine);
        run.load();
        Set<String> zero = run.zeroGradients();
        Map<String, float[]> gradients = new TreeMap<>();
        run.step(
                run.built.losses().get(0),
                step -> run.trainable().forEach((key, weight) -> {
                    if (!zero.contains(key))
                        gradients.put(
                                key,
                                step.gradientOf(weight.name()).dup('c').data().asFloat());
                }));
        return gradients;
    }

    private void train(GoldenGraph.GoldenLoss loss) {
        step(loss, step -> compare(step, loss));
        statistics();
    }

    /** Runs a training step on the stored inputs, and passes it on before it is closed. */
    private void step(GoldenGraph.GoldenLoss loss, Consumer<GradientStep> use) {
        List<String> inputGradients = golden.io().keySet().stream().anyMatch(name -> name.startsWith("grad_input/"))
                ? List.copyOf(built.inputs().values())
                : List.of();
        GradientStep.GradientSpec spec = new GradientStep.GradientSpec(
                network -> loss.maker().make(network, golden),
                List.copyOf(built.trained().values()),
                inputGradients);
        try (GradientStep step = engine.step(graph, parameters, Mode.TRAINING, spec)) {
            Map<String, INDArray> inputs = new HashMap<>(inputs(graph));
            masks(step, inputs);
            step.run(inputs);
            use.accept(step);
        }
    }

    private void compare(GradientStep step, GoldenGraph.GoldenLoss loss) {
        built.trained().forEach((name, tensor) -> {
            INDArray expected =
                    golden.inGraphLayout(name + "_train", graph.tensor(tensor).shape());
            errors.output(name + "_train", Compare.largest(step.tensor(tensor), expected));
        });
        double expected = golden.tensor(loss.value()).getDouble(0);
        errors.loss(loss.value(), Math.abs(step.loss() - expected) / scale(expected, step));
        weightGradients(step, loss.gradients());
        if (loss.name().isEmpty()) inputGradients(step);
        step.updateStatistics();
    }

    /**
     * Reference magnitude of a loss: its absolute value, and for a module's sum of outputs times probes at least the L2
     * norm of its terms. Terms may cancel, so that rounding dominates: for mod_vitae_prm_cat_share the terms of total
     * size 314 sum to 0.04, and the reference's fp32 loss differs from its fp64 loss by 1.5e-5
     * (fp32_against_fp64.loss_relative).
     */
    private double scale(double loss, GradientStep step) {
        if (!golden.isModule()) return Math.abs(loss);
        double squares = 0;
        for (var output : built.trained().entrySet()) {
            String name = golden.io().containsKey("probe") ? "probe" : "probe/" + output.getKey();
            INDArray value = step.tensor(output.getValue());
            float[] probe = golden.inGraphLayout(
                            name, graph.tensor(output.getValue()).shape())
                    .data()
                    .asFloat();
            float[] values = value.dup('c').data().asFloat();
            for (int i = 0; i < values.length; i++) squares += Math.pow((double) values[i] * probe[i], 2);
        }
        return Math.max(Math.abs(loss), Math.sqrt(squares));
    }

    /** Sets all masks to ones, because dropout and drop path rates of the goldens are 0. */
    private static void masks(GradientStep step, Map<String, INDArray> inputs) {
        long batch = inputs.values().iterator().next().size(0);
        for (DropMask mask : step.masks()) {
            inputs.put(mask.name(), Nd4j.ones(DataType.FLOAT, mask.shape().batched(batch)));
        }
    }

    private void weightGradients(GradientStep step, String prefix) {
        Set<String> zero = zeroGradients();
        double largest = golden.io().entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(prefix))
                .mapToDouble(entry -> Compare.norm(entry.getValue().values()))
                .max()
                .orElse(0);
        trainable().forEach((key, weight) -> {
            CheckpointLayout layout = CheckpointLayout.of(weight, built.keys());
            SafeTensors.NamedValues expected = golden.io().get(prefix + key);
            if (expected == null) throw new AssertionError("no " + prefix + key + " in the golden");
            float[] values = step.gradientOf(weight.name()).dup('c').data().asFloat();
            float[] reference = layout.toModel(expected.shape(), expected.values());
            // A reference gradient of all zeros has no relative error.
            boolean none = zero.contains(key) || Compare.norm(reference) == 0;
            if (none) errors.zero(key, Compare.norm(values) / largest);
            else errors.gradient(key, Compare.relative(values, reference));
        });
    }

    private Set<String> zeroGradients() {
        Set<String> zero = golden.names("parameters_with_mathematically_zero_gradient");
        zero.addAll(golden.names("parameters_without_gradient"));
        return zero;
    }

    /** Trainable parameters by their names in the reference. */
    private Map<String, Parameter> trainable() {
        Map<String, Parameter> parametersByKey = new LinkedHashMap<>();
        for (Parameter weight : graph.parameters()) {
            if (weight.role() == Role.CONSTANT || weight.role() == Role.RUNNING_STAT) continue;
            parametersByKey.put(CheckpointLayout.of(weight, built.keys()).key(), weight);
        }
        return parametersByKey;
    }

    private void inputGradients(GradientStep step) {
        built.inputs().forEach((input, tensor) -> {
            String name = "grad_input/" + input;
            if (!golden.io().containsKey(name)) return;
            float[] actual = step.gradientOfTensor(tensor).dup('c').data().asFloat();
            float[] expected = golden.inGraphLayout(name, graph.tensor(tensor).shape())
                    .data()
                    .asFloat();
            errors.gradient(name, Compare.relative(actual, expected));
        });
    }

    private void statistics() {
        for (Parameter weight : graph.parameters()) {
            SafeTensors.NamedValues expected = golden.io()
                    .get("bn_after/" + CheckpointLayout.of(weight, built.keys()).key());
            if (weight.role() != Role.RUNNING_STAT || expected == null) continue;
            errors.loss(
                    "bn_after/" + weight.name(), Compare.relative(parameters.values(weight.name()), expected.values()));
        }
    }

    private Map<String, INDArray> inputs(Graph evaluated) {
        Map<String, INDArray> inputs = new HashMap<>();
        built.inputs()
                .forEach((input, tensor) -> inputs.put(
                        tensor,
                        golden.inGraphLayout(input, evaluated.tensor(tensor).shape())));
        return inputs;
    }
}
