package org.vit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares losses and gradients of both heads with reference implementations in double. */
class DistillationLossTest {
    private static final double EXACT = 1e-7;

    /** Logits of a case; the teacher's logits are a placeholder as in training. */
    private record Case(
            SameDiff sd,
            SDVariable classLogits,
            SDVariable distillLogits,
            SDVariable teacher,
            SDVariable targets,
            INDArray teacherLogits,
            double alpha,
            double temperature) {

        static Case of(JsonNode json) {
            SameDiff sd = SameDiff.create();
            INDArray teacherLogits = matrix(json.path("logits_teacher"));
            long classes = teacherLogits.size(1);
            int[] labels = StreamSupport.stream(json.path("labels").spliterator(), false)
                    .mapToInt(JsonNode::asInt)
                    .toArray();
            INDArray targets = SoftTargets.smoothed(labels, (int) classes, 0).castTo(DataType.DOUBLE);
            return new Case(
                    sd,
                    sd.var("class", matrix(json.path("logits_class"))),
                    sd.var("token", matrix(json.path("logits_distill"))),
                    sd.placeHolder("teacher", DataType.DOUBLE, -1, classes),
                    sd.constant(targets),
                    teacherLogits,
                    json.path("alpha").asDouble(),
                    json.path("temperature").asDouble());
        }

        SDVariable own() {
            return LossFunctions.crossEntropy(sd, classLogits, targets);
        }

        void assertEquals(SDVariable loss, JsonNode expected) {
            Map<String, INDArray> inputs = Map.of("teacher", teacherLogits);
            // A SameDiff creates its gradient graph only once, so each loss needs its own case.
            sd.setLossVariables(loss.name());
            assertThat(sd.outputSingle(inputs, loss.name()).getDouble(0))
                    .isCloseTo(expected.path("loss").asDouble(), within(EXACT));
            var gradients = sd.calculateGradients(inputs, "class", "token");
            assertThat(gradients.get("class").dup('c').data().asDouble())
                    .containsExactly(flat(expected.path("gradient_logits_class")), within(EXACT));
            assertThat(gradients.get("token").dup('c').data().asDouble())
                    .containsExactly(flat(expected.path("gradient_logits_distill")), within(EXACT));
        }
    }

    private static double[] flat(JsonNode rows) {
        return StreamSupport.stream(rows.spliterator(), false)
                .flatMap(row -> StreamSupport.stream(row.spliterator(), false))
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }

    private static INDArray matrix(JsonNode rows) {
        return Nd4j.createFromArray(flat(rows))
                .reshape(rows.size(), rows.path(0).size());
    }

    private static JsonNode cases() throws IOException {
        try (InputStream in = DistillationLossTest.class.getResourceAsStream("/goldens/recipes/distillation.json")) {
            return new ObjectMapper().readTree(in).path("cases");
        }
    }

    @Test
    void softAndHardLossEqualDeit() throws IOException {
        for (JsonNode json : cases()) {
            for (boolean hard : new boolean[] {false, true}) {
                Case c = Case.of(json);
                SDVariable loss =
                        DistillationLoss.deit(c.sd, c.own(), c.distillLogits, c.teacher, hard, c.alpha, c.temperature);
                c.assertEquals(loss, json.path(hard ? "deit_hard" : "deit_soft"));
            }
        }
    }

    @Test
    void softAndHardLossEqualVitPytorch() throws IOException {
        for (JsonNode json : cases()) {
            for (boolean hard : new boolean[] {false, true}) {
                Case c = Case.of(json);
                SDVariable loss = DistillationLoss.vitPytorch(
                        c.sd, c.own(), c.distillLogits, c.teacher, hard, c.alpha, c.temperature);
                c.assertEquals(loss, json.path(hard ? "vit_pytorch_hard_fixed" : "vit_pytorch_soft"));
            }
        }
    }

    @Test
    void softLossIsZeroIfStudentEqualsTeacher() {
        SameDiff sd = SameDiff.create();
        SDVariable same = sd.constant(Nd4j.createFromArray(new double[][] {{1, 2, -3}, {0, 0, 5}}));
        assertThat(DistillationLoss.soft(sd, same, same, 2).eval().getDouble(0)).isCloseTo(0, within(1e-12));
    }

    @Test
    void hardLabelIsTheFirstOfEquallyLikelyClasses() {
        SameDiff sd = SameDiff.create();
        SDVariable student = sd.constant(Nd4j.createFromArray(new double[][] {{0, 0, 100}}));
        SDVariable teacher = sd.constant(Nd4j.createFromArray(new double[][] {{1, 7, 7}}));
        assertThat(DistillationLoss.hard(sd, student, teacher).eval().getDouble(0))
                .isCloseTo(100, within(1e-9));
    }
}
