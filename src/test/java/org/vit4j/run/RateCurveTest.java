package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.vit4j.train.Callback;
import org.vit4j.train.TrainingNumbers;

/** Suggested learning rates, compared with those of fastai and torch-lr-finder, and a short sweep of the rate. */
@Tag("slow")
class RateCurveTest {
    private static final double EXACT = 1e-9;
    private final JsonNode numbers = TrainingNumbers.section("rate_curve");

    private List<Double> list(String key) {
        return StreamSupport.stream(numbers.path(key).spliterator(), false)
                .map(JsonNode::asDouble)
                .toList();
    }

    @Test
    void smoothedLossAndSuggestionsEqualTheReferences() {
        RateCurve curve = new RateCurve(list("rates"), list("losses"));
        List<Double> expected = list("smoothed");
        for (int i = 0; i < expected.size(); i++)
            assertThat(curve.smoothed().get(i)).isCloseTo(expected.get(i), within(EXACT));
        assertThat(curve.valley()).isCloseTo(numbers.path("valley").asDouble(), within(EXACT));
        assertThat(curve.steepest()).isCloseTo(numbers.path("steepest").asDouble(), within(EXACT));
        assertThat(curve.tenthOfMinimum()).isCloseTo(numbers.path("minimum").asDouble() / 10, within(EXACT));
        assertThat(curve.suggests()).isTrue();
        assertThat(new RateCurve(list("rates").subList(0, 15), list("losses").subList(0, 15)).suggests())
                .isFalse();
    }

    private static RunConfig config() {
        return RunConfig.open(
                "digits-vit",
                List.of(
                        "model.dim=16",
                        "model.depth=1",
                        "model.heads=2",
                        "train.batch=32",
                        "train.accumulate=2",
                        "train.spike=0",
                        "data.validation=0.9"));
    }

    @Test
    void theRateRisesExponentiallyAcrossEpochsAndEndsWhenTheLossDiverges() {
        RateCurve curve = new LearningRateFinder(1e-5, 1e-3, 21).run(config(), new Callback() {}, () -> false);
        assertThat(curve.rates()).hasSize(21); // two steps per epoch
        for (int i = 0; i < 21; i++)
            assertThat(curve.rates().get(i)).isCloseTo(1e-5 * Math.pow(10, i / 10.0), within(1e-12));
        RateCurve diverged = new LearningRateFinder(1e-3, 1e6, 40).run(config(), new Callback() {}, () -> false);
        assertThat(diverged.rates().size()).isBetween(5, 39);
        AtomicBoolean stop = new AtomicBoolean();
        Callback stopAfterOne = new Callback() {
            @Override
            public void step(int step, double loss, double lr) {
                stop.set(true);
            }
        };
        assertThat(new LearningRateFinder(1e-5, 1, 20)
                        .run(config(), stopAfterOne, stop::get)
                        .rates())
                .hasSize(1);
    }

    @Test
    void badRangesAreRejected() {
        assertThatThrownBy(() -> new LearningRateFinder(0, 1, 20)).hasMessage("min-lr (0.0) must be positive");
        assertThatThrownBy(() -> new LearningRateFinder(1, 0.5, 20))
                .hasMessageStartingWith("max-lr (0.5) must be above");
        assertThatThrownBy(() -> new LearningRateFinder(1e-6, Double.POSITIVE_INFINITY, 20))
                .hasMessage("max-lr (Infinity) must be finite");
        assertThatThrownBy(() -> new LearningRateFinder(1e-6, 1, 5)).hasMessage("steps (5) must be at least 20");
    }
}
