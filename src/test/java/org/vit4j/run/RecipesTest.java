package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.optim.AdamW;
import org.vit4j.optim.Cosine;
import org.vit4j.optim.DecayCycles;
import org.vit4j.optim.Optimizer;
import org.vit4j.optim.ParamGroups;
import org.vit4j.optim.ParamRange;
import org.vit4j.optim.Schedule;
import org.vit4j.optim.Sgd;
import org.vit4j.optim.Warmup;
import org.vit4j.train.LossFunctions;
import org.vit4j.train.SoftTargets;

/** Compares optimizers, schedules and losses with PyTorch and timm in double. */
class RecipesTest {
    private static final double EXACT = 1e-6;

    private static JsonNode recipe(String name) throws IOException {
        try (InputStream in = RecipesTest.class.getResourceAsStream("/goldens/recipes/" + name + ".json")) {
            return new ObjectMapper().readTree(in);
        }
    }

    private static double[] flat(JsonNode node) {
        List<Double> values = new ArrayList<>();
        collect(node, values);
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private static void collect(JsonNode node, List<Double> values) {
        if (node.isArray()) node.forEach(child -> collect(child, values));
        else values.add(node.asDouble());
    }

    /** Groups for an array whose first elements have weight decay. */
    private static ParamGroups groups(long length, long decayed, double decay) {
        if (length == decayed) return new ParamGroups(List.of(new ParamRange("all", 0, length, 1, decay)));
        return new ParamGroups(List.of(
                new ParamRange("decayed", 0, decayed, 1, decay),
                new ParamRange("rest", decayed, length - decayed, 1, 0)));
    }

    @Test
    void adamwEqualsPyTorch() throws IOException {
        JsonNode recipe = recipe("adamw");
        for (JsonNode run : recipe.path("runs")) {
            JsonNode h = run.path("hyperparameters");
            var adamw = new AdamW(
                    h.path("lr").asDouble(),
                    h.path("weight_decay").asDouble(),
                    h.path("betas").path(0).asDouble(),
                    h.path("betas").path(1).asDouble(),
                    h.path("eps").asDouble());
            follow(recipe, run, adamw, Map.of("exp_avg", "m", "exp_avg_sq", "v"));
        }
    }

    @Test
    void sgdEqualsPyTorch() throws IOException {
        JsonNode recipe = recipe("sgd");
        for (JsonNode run : recipe.path("runs")) {
            JsonNode h = run.path("hyperparameters");
            var sgd = new Sgd(
                    h.path("lr").asDouble(), h.path("weight_decay").asDouble(),
                    h.path("momentum").asDouble(), h.path("nesterov").asBoolean());
            follow(recipe, run, sgd, Map.of("momentum_buffer", "momentum"));
        }
    }

    private static void follow(JsonNode recipe, JsonNode run, Optimizer optimizer, Map<String, String> moments) {
        INDArray parameters = Nd4j.createFromArray(flat(recipe.path("initial")));
        Optimizer.OptimizerState state =
                optimizer.start(parameters, groups(parameters.length(), parameters.length(), optimizer.weightDecay()));
        for (int i = 0; i < recipe.path("gradients").size(); i++) {
            double lr = run.path("lr_of_each_step").path(i).asDouble(optimizer.lr());
            state.step(Nd4j.createFromArray(flat(recipe.path("gradients").path(i))), lr);
            JsonNode expected = run.path("after_each_step").path(i);
            assertThat(parameters.toDoubleVector()).containsExactly(flat(expected.path("param")), within(EXACT));
            moments.forEach((torchName, name) -> assertThat(
                            state.arrays().get(name).host().toDoubleVector())
                    .containsExactly(flat(expected.path(torchName)), within(EXACT)));
        }
    }

    @Test
    void weightDecayAppliesOnlyToDecayedRanges() {
        INDArray parameters = Nd4j.createFromArray(1.0, 1.0);
        new AdamW(0.1, 0.5, 0.9, 0.999, 1e-8)
                .start(parameters, groups(2, 1, 0.5))
                .step(Nd4j.createFromArray(0.0, 0.0), 0.1);
        assertThat(parameters.toDoubleVector()).containsExactly(0.95, 1.0);
    }

    @Test
    void cosineSchedulesEqualTimmAndPyTorch() throws IOException {
        JsonNode recipe = recipe("schedules");
        for (JsonNode c : recipe.path("timm_cosine")) {
            var schedule = new Warmup(
                    cosine(c.path("t_initial").asInt(), c.path("lr_min").asDouble()),
                    c.path("warmup_t").asInt(),
                    c.path("warmup_lr_init").asDouble(),
                    c.path("warmup_prefix").asBoolean());
            follow(schedule, c.path("lr").asDouble(), c.path("values"));
        }
        JsonNode torch = recipe.path("torch_cosine_annealing").path(0);
        follow(
                new Warmup(cosine(torch.path("T_max").asInt(), 0), 0, 0, false),
                torch.path("lr").asDouble(),
                torch.path("values"));
    }

    private static Schedule cosine(double epochs, double minLr) {
        return new Cosine(new DecayCycles(epochs, 1, 1, 1), minLr);
    }

    private static void follow(Schedule schedule, double lr, JsonNode values) {
        for (int epoch = 0; epoch < values.size(); epoch++) {
            assertThat(schedule.at(epoch, lr, List.of()))
                    .as("epoch " + epoch)
                    .isCloseTo(values.path(epoch).asDouble(), within(1e-12));
        }
    }

    @Test
    void aWarmUpLongerThanTheRunIsShortened() {
        var schedule = new Warmup(cosine(3, 0), 10, 0, false).withWarmupAtMost(3);
        assertThat(schedule.at(1.5, 1, List.of())).isEqualTo(0.5);
    }

    @Test
    void crossEntropyAndGradientsEqualPyTorchAndTimm() throws IOException {
        JsonNode smooth = recipe("label_smoothing");
        int[] labels = labels(smooth);
        int classes = smooth.path("logits").path(0).size();
        check(smooth.path("logits"), SoftTargets.smoothed(labels, classes, 0.1), smooth);
        JsonNode soft = recipe("soft_target");
        for (JsonNode c : soft.path("cases")) {
            INDArray targets = Nd4j.createFromArray(flat(c.path("targets"))).reshape(labels.length, classes);
            check(soft.path("logits"), targets, c);
        }
    }

    private static int[] labels(JsonNode recipe) {
        int[] labels = new int[recipe.path("labels").size()];
        for (int i = 0; i < labels.length; i++)
            labels[i] = recipe.path("labels").path(i).asInt();
        return labels;
    }

    private static void check(JsonNode logits, INDArray targets, JsonNode expected) {
        SameDiff sd = SameDiff.create();
        INDArray values = Nd4j.createFromArray(flat(logits))
                .reshape(logits.size(), logits.path(0).size());
        SDVariable x = sd.var("x", values);
        SDVariable t = sd.placeHolder("t", DataType.DOUBLE, -1, values.size(1));
        SDVariable loss = LossFunctions.crossEntropy(sd, x, t);
        sd.setLossVariables(loss.name());
        Map<String, INDArray> inputs = Map.of("t", targets.castTo(DataType.DOUBLE));
        assertThat(sd.outputSingle(inputs, loss.name()).getDouble(0))
                .isCloseTo(expected.path("loss").asDouble(), within(EXACT));
        double[] gradient =
                sd.calculateGradients(inputs, "x").get("x").dup('c').data().asDouble();
        assertThat(gradient).containsExactly(flat(expected.path("gradient_logits")), within(EXACT));
    }
}
