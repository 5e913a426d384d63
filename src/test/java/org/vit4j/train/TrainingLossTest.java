package org.vit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffGradients;
import org.vit4j.backend.samediff.SameDiffGraph;
import org.vit4j.backend.samediff.SameDiffLowering;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;

/** Compares the loss of a student with two heads and its gradients with PyTorch in double. */
class TrainingLossTest {
    private static final double EXACT = 1e-6;
    private static final LossConfig PLAIN =
            new LossConfig(LossConfig.LossName.CROSS_ENTROPY, 0, OptionalDouble.empty(), false);

    /** @param recipe name in the golden file; recipes ending in {@code none} have no teacher */
    record Case(String recipe, JsonNode numbers) {
        @Override
        public String toString() {
            return recipe + " T=" + numbers.path("temperature") + " alpha=" + numbers.path("alpha");
        }

        Optional<DistillConfig> distill() {
            if (recipe.endsWith("none")) return Optional.empty();
            return Optional.of(new DistillConfig(
                    java.nio.file.Path.of("unused"),
                    recipe.contains("hard") ? DistillConfig.DistillType.HARD : DistillConfig.DistillType.SOFT,
                    numbers.path("alpha").asDouble(),
                    numbers.path("temperature").asDouble(),
                    recipe.startsWith("deit")
                            ? DistillConfig.DistillForm.DEIT
                            : DistillConfig.DistillForm.VIT_PYTORCH));
        }
    }

    static Stream<Case> cases() throws IOException {
        List<Case> cases = new ArrayList<>();
        try (InputStream in = TrainingLossTest.class.getResourceAsStream("/goldens/recipes/distillation.json")) {
            for (JsonNode numbers : new ObjectMapper().readTree(in).path("cases")) {
                for (String recipe :
                        List.of("vit_pytorch_soft", "vit_pytorch_hard_fixed", "deit_soft", "deit_hard", "deit_none")) {
                    cases.add(new Case(recipe, numbers));
                }
            }
        }
        return cases.stream();
    }

    private static INDArray matrix(JsonNode rows) {
        int columns = rows.path(0).size();
        INDArray matrix = Nd4j.zeros(DataType.DOUBLE, rows.size(), columns);
        for (int r = 0; r < rows.size(); r++) {
            for (int c = 0; c < columns; c++)
                matrix.putScalar(r, c, rows.path(r).path(c).asDouble());
        }
        return matrix;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossAndGradientsEqualPyTorch(Case c) {
        JsonNode expected = c.numbers.path(c.recipe);
        INDArray classLogits = matrix(c.numbers.path("logits_class"));
        int classes = (int) classLogits.size(1);
        Graph g = heads(classes);
        ParameterStore parameters = new ParameterStore(g.parameters(), DataType.DOUBLE);
        SameDiffGraph lowered = SameDiffLowering.lower(g, parameters, Mode.TRAINING);
        var loss = TrainingLoss.loss(lowered, PLAIN, c.distill());
        // Without a teacher the loss does not depend on the second head.
        List<String> inputNames = c.distill().isPresent() ? List.of("a", "b") : List.of("a");
        try (SameDiffGradients gradients = new SameDiffGradients(lowered, loss, List.of(), inputNames, Set.of())) {
            Map<String, INDArray> inputs = new HashMap<>();
            inputs.put("a", classLogits);
            inputs.put("b", matrix(c.numbers.path("logits_distill")));
            inputs.put(
                    "targets",
                    SoftTargets.smoothed(labels(c.numbers), classes, 0).castTo(DataType.DOUBLE));
            if (c.distill().isPresent()) inputs.put(TrainingLoss.TEACHER, matrix(c.numbers.path("logits_teacher")));
            Map<String, INDArray> out = gradients.run(inputs);
            assertThat(gradients.loss(out)).isCloseTo(expected.path("loss").asDouble(), within(EXACT));
            check(out.get(gradients.gradientName("a")), expected.path("gradient_logits_class"));
            INDArray distillGradient =
                    c.distill().isPresent() ? out.get(gradients.gradientName("b")) : classLogits.mul(0);
            check(distillGradient, expected.path("gradient_logits_distill"));
            assertThat(gradients.gradientOf("distill") == null)
                    .isEqualTo(c.distill().isEmpty());
        }
    }

    /** Graph whose two heads return their inputs. */
    private static Graph heads(int classes) {
        Graph g = new Graph(Init.PYTORCH);
        Tensor a = g.addParameter("class", g.input("a", classes), Role.POSITION, Init.ZEROS);
        Tensor b = g.addParameter("distill", g.input("b", classes), Role.POSITION, Init.ZEROS);
        g.output("logits", g.scale("mean", g.add("sum", a, b), 0.5));
        g.output("logits_class", a);
        g.output("logits_distill", b);
        return g;
    }

    private static int[] labels(JsonNode numbers) {
        int[] labels = new int[numbers.path("labels").size()];
        for (int i = 0; i < labels.length; i++)
            labels[i] = numbers.path("labels").path(i).asInt();
        return labels;
    }

    private static void check(INDArray gradient, JsonNode expected) {
        INDArray rows = matrix(expected);
        assertThat(gradient.dup('c')
                        .reshape('c', rows.shape())
                        .sub(rows)
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(EXACT);
    }
}
