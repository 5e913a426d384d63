package org.vit4j.golden;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.arch.ModelConfig;
import org.vit4j.engine.Program;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Role;
import org.vit4j.graph.Weight;
import org.vit4j.samediff.Gradients;
import org.vit4j.samediff.Lowered;
import org.vit4j.samediff.Lowering;
import org.vit4j.samediff.Parameters;
import org.vit4j.train.Losses;
import org.vit4j.weights.Layout;
import org.vit4j.weights.SafeTensors;

/** Runs a whole-model case: eval logits, attention maps, train logits, loss, every gradient. */
final class GoldenModel {
    private final GoldenCase golden;
    private final ModelConfig model;
    private final Graph graph;
    private final Parameters parameters;
    private final GoldenErrors errors = new GoldenErrors();

    private GoldenModel(GoldenCase golden) {
        this.golden = golden;
        this.model = GoldenConfigs.model(golden);
        this.graph = model.build();
        this.parameters = new Parameters(graph.weights(), DataType.FLOAT);
    }

    static GoldenErrors run(GoldenCase golden) {
        GoldenModel run = new GoldenModel(golden);
        run.load();
        run.evaluate();
        run.train();
        return run.errors;
    }

    /** Every weight of ours from the reference's state dict, and nothing left over in it. */
    private void load() {
        Set<String> left = new TreeSet<>(golden.weights().keySet());
        for (Weight weight : graph.weights()) {
            String key = Layout.key(weight, model.keys());
            SafeTensors.Array theirs = golden.weights().get(key);
            if (theirs == null) throw new AssertionError("the reference has no '" + key + "' for " + weight.name());
            parameters.set(weight.name(), Layout.toOurs(weight, theirs.shape(), theirs.values()));
            left.remove(key);
        }
        if (!left.isEmpty()) throw new AssertionError("not used: " + left);
        long count = golden.config().path("parameter_count_trainable").asLong();
        if (graph.trainable() != count) throw new AssertionError(graph.trainable() + " parameters, expected " + count);
    }

    private void evaluate() {
        Lowered lowered = Lowering.lower(graph, parameters, Lowering.Mode.INFERENCE);
        Map<String, String> wanted = new LinkedHashMap<>();
        for (String name : golden.io().keySet()) {
            if (name.equals("logits_eval"))
                wanted.put(name, lowered.output("logits").name());
            if (name.startsWith("attn/")) {
                wanted.put(
                        name,
                        lowered.variable("blocks." + name.substring(5) + ".attn.weights")
                                .name());
            }
        }
        try (Program program = new Program(lowered.sd(), List.copyOf(wanted.values()))) {
            Map<String, INDArray> out = program.run(Map.of("image", image()));
            wanted.forEach(
                    (name, variable) -> errors.output(name, Compare.largest(out.get(variable), golden.tensor(name))));
        }
    }

    private void train() {
        Lowered lowered = Lowering.lower(graph, parameters, Lowering.Mode.TRAINING);
        SDVariable logits = lowered.output("logits");
        SDVariable targets = lowered.sd().placeHolder("targets", DataType.FLOAT, -1, model.classes());
        SDVariable loss = Losses.crossEntropy(lowered.sd(), logits, targets);
        Map<String, INDArray> inputs = new HashMap<>(Map.of("image", image(), "targets", targets()));
        try (Gradients gradients = new Gradients(lowered, loss, List.of(logits))) {
            Map<String, INDArray> out = gradients.run(inputs);
            errors.output("logits_train", Compare.largest(out.get(logits.name()), golden.tensor("logits_train")));
            double expected = golden.tensor("loss_train").getDouble(0);
            errors.loss("loss_train", Math.abs(gradients.loss(out) - expected) / Math.abs(expected));
            gradients(gradients);
        }
    }

    private void gradients(Gradients gradients) {
        Set<String> zero = golden.names("parameters_with_mathematically_zero_gradient");
        zero.addAll(golden.names("parameters_without_gradient"));
        double largest = 0;
        for (String name : golden.io().keySet()) {
            if (name.startsWith("grad/")) {
                largest = Math.max(largest, Compare.norm(golden.io().get(name).values()));
            }
        }
        for (Weight weight : graph.weights()) {
            if (weight.role() == Role.FIXED || weight.role() == Role.STATISTIC) continue;
            String key = Layout.key(weight, model.keys());
            SafeTensors.Array expected = golden.io().get("grad/" + key);
            INDArray ours = gradients.of(weight.name());
            float[] values = ours == null
                    ? new float[(int) weight.size()]
                    : ours.dup('c').data().asFloat();
            float[] theirs = Layout.toOurs(weight, expected.shape(), expected.values());
            if (zero.contains(key)) errors.zero(key, Compare.norm(values) / largest);
            else errors.gradient(key, Compare.relative(values, theirs));
        }
    }

    /** The golden's [N, C, H, W] as [N, H, W, C]. */
    private INDArray image() {
        return golden.tensor("input").permute(0, 2, 3, 1).dup('c');
    }

    private INDArray targets() {
        float[] labels = golden.io().get("labels").values();
        INDArray targets = Nd4j.zeros(DataType.FLOAT, labels.length, model.classes());
        for (int i = 0; i < labels.length; i++) targets.putScalar(i, (int) labels[i], 1);
        return targets;
    }
}
