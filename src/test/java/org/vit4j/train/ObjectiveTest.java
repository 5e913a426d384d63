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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.samediff.Gradients;
import org.vit4j.samediff.Lowered;
import org.vit4j.samediff.Lowering;
import org.vit4j.samediff.Parameters;

/** What a student with two heads minimises, and both gradients of it, against numbers computed in double by PyTorch. */
class ObjectiveTest {
    private static final double EXACT = 1e-6;
    private static final Loss PLAIN = new Loss(Loss.Name.CROSS_ENTROPY, 0, OptionalDouble.empty(), false);

    /** @param recipe of the file; {@code none} has no teacher */
    record Case(String recipe, JsonNode numbers) {
        @Override
        public String toString() {
            return recipe + " T=" + numbers.path("temperature") + " alpha=" + numbers.path("alpha");
        }

        Optional<Distill> distill() {
            if (recipe.endsWith("none")) return Optional.empty();
            return Optional.of(new Distill(
                    java.nio.file.Path.of("unused"),
                    recipe.contains("hard") ? Distill.Type.HARD : Distill.Type.SOFT,
                    numbers.path("alpha").asDouble(),
                    numbers.path("temperature").asDouble(),
                    recipe.startsWith("deit") ? Distill.Form.DEIT : Distill.Form.VIT_PYTORCH));
        }
    }

    static Stream<Case> cases() throws IOException {
        List<Case> cases = new ArrayList<>();
        try (InputStream in = ObjectiveTest.class.getResourceAsStream("/goldens/recipes/distillation.json")) {
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
    void lossAndGradientsAgree(Case c) {
        JsonNode expected = c.numbers.path(c.recipe);
        INDArray byLabel = matrix(c.numbers.path("logits_class"));
        int classes = (int) byLabel.size(1);
        Graph g = heads(classes);
        Parameters parameters = new Parameters(g.weights(), DataType.DOUBLE);
        Lowered lowered = Lowering.lower(g, parameters, Lowering.Mode.TRAINING);
        var loss = Objective.loss(lowered, PLAIN, c.distill());
        // Without a teacher nothing of the loss depends on the second head.
        List<String> by = c.distill().isPresent() ? List.of("a", "b") : List.of("a");
        try (Gradients gradients = new Gradients(lowered, loss, List.of(), by, Set.of())) {
            Map<String, INDArray> inputs = new HashMap<>();
            inputs.put("a", byLabel);
            inputs.put("b", matrix(c.numbers.path("logits_distill")));
            inputs.put(
                    "targets", Targets.smoothed(labels(c.numbers), classes, 0).castTo(DataType.DOUBLE));
            if (c.distill().isPresent()) inputs.put(Objective.TEACHER, matrix(c.numbers.path("logits_teacher")));
            Map<String, INDArray> out = gradients.run(inputs);
            assertThat(gradients.loss(out)).isCloseTo(expected.path("loss").asDouble(), within(EXACT));
            check(out.get(gradients.nameBy("a")), expected.path("gradient_logits_class"));
            INDArray byDistill = c.distill().isPresent() ? out.get(gradients.nameBy("b")) : byLabel.mul(0);
            check(byDistill, expected.path("gradient_logits_distill"));
            assertThat(gradients.of("distill") == null).isEqualTo(c.distill().isEmpty());
        }
    }

    /** Two heads that are given: whatever stands at their inputs is what they say. */
    private static Graph heads(int classes) {
        Graph g = new Graph(Init.PYTORCH);
        Tensor a = g.addLearned("class", g.input("a", classes), Role.POSITION, Init.ZEROS);
        Tensor b = g.addLearned("distill", g.input("b", classes), Role.POSITION, Init.ZEROS);
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

    @Test
    void aNetworkWithOneHeadIsNamedWithWhatItLacks() {
        RunConfig config = RunConfig.open("digits-vit", List.of());
        assertThat(Objective.lacking(config.model()))
                .hasValueSatisfying(
                        lack -> assertThat(lack).contains("two heads").contains("arch vit"));
    }
}
