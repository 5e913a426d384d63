package org.vit4j.train;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vit4j.train.DistillConfig.DistillForm;
import org.vit4j.train.DistillConfig.DistillType;

/** Compares the distillation loss of a student with one head and its gradient with DeiT's formulas in PyTorch. */
class OneHeadDistillationTest {

    record Case(JsonNode numbers, DistillForm form, DistillType type) {
        String key() {
            return (form + "_" + type).toLowerCase(java.util.Locale.ROOT);
        }

        @Override
        public String toString() {
            return key() + " T=" + numbers.path("temperature") + " alpha=" + numbers.path("alpha");
        }
    }

    static Stream<Case> cases() {
        return StreamSupport.stream(TrainingNumbers.section("distillation").spliterator(), false)
                .flatMap(numbers -> Stream.of(DistillForm.values())
                        .flatMap(form -> Stream.of(DistillType.values()).map(type -> new Case(numbers, form, type))));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossAndGradientEqualPyTorch(Case c) {
        DistillConfig distill = new DistillConfig(
                Path.of("unused"),
                c.type,
                c.numbers.path("alpha").asDouble(),
                c.numbers.path("temperature").asDouble(),
                c.form);
        LossConfig loss =
                LossConfig.crossEntropy(c.numbers.path("label_smoothing").asDouble());
        TrainingNumbers.check(
                loss,
                loss.targets(TrainingNumbers.batch(TrainingNumbers.ints(c.numbers.path("labels"))), 5),
                c.numbers.path("student"),
                Optional.of(distill),
                Optional.of(c.numbers.path("teacher")),
                c.numbers.path(c.key()));
    }
}
