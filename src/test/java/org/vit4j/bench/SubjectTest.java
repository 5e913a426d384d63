package org.vit4j.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.OpTime;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Batch;
import org.vit4j.graph.AttentionOp;
import org.vit4j.run.RunConfig;

/** All subjects of a benchmark compute the same training steps and logits. */
class SubjectTest {
    /** ND4J's Adam adds epsilon before the bias correction, which changes small steps slightly. */
    private static final double LOSS_TOLERANCE = 1e-3;

    private static final double LOGITS_TOLERANCE = 1e-2;

    /** Runners of backends that every build has. */
    private static final List<BenchRunner> BACKENDS = List.of(BenchRunner.SAMEDIFF, BenchRunner.ONEDNN);

    private final RunConfig config = RunConfig.open(
            "digits-levit", // batch norm: its running statistics are part of a step
            List.of("train.batch=8", "train.optimizer.lr=1e-3", "train.optimizer.weight_decay=0"));
    private final Batch batch = BenchData.random(config, 8);

    /** Losses of a forward pass and of three training steps, and the logits afterwards. */
    private record TrainingResult(List<Double> losses, INDArray logits) {}

    private TrainingResult train(BenchRunner runner) {
        try (Subject subject = runner.open(config)) {
            List<Double> losses = new ArrayList<>(List.of(subject.forward(batch)));
            for (int step = 0; step < 3; step++) {
                losses.add(subject.gradient(batch));
                subject.update();
            }
            return new TrainingResult(losses, Nd4j.create(subject.infer(BenchNetwork.images(batch))));
        }
    }

    @Test
    void allSubjectsReachTheSameLossesAndLogits() {
        TrainingResult plain = train(BenchRunner.PLAIN);
        assertThat(plain.losses.get(1)).isEqualTo(plain.losses.get(0));
        assertThat(plain.losses.get(3)).isLessThan(plain.losses.get(1) - 0.01);
        for (BenchRunner runner : BACKENDS) {
            TrainingResult other = train(runner);
            for (int i = 0; i < plain.losses.size(); i++) {
                assertThat(other.losses.get(i))
                        .as("%s, %d", runner, i)
                        .isCloseTo(plain.losses.get(i), offset(LOSS_TOLERANCE));
            }
            assertThat(other.logits.equalsWithEps(plain.logits, LOGITS_TOLERANCE))
                    .as("%s", runner)
                    .isTrue();
        }
    }

    /** A training step executes as many softmax ops as inference: one per attention layer. */
    @Test
    void profilesCountSoftmaxOpsPerLayer() {
        long layers = config.model().graph().tensors().stream()
                .filter(t -> t.op() instanceof AttentionOp.Softmax)
                .count();
        for (BenchRunner runner : BACKENDS) {
            try (Subject subject = runner.open(config)) {
                assertThat(softmaxCount(subject.profileInference(BenchNetwork.images(batch), 3)))
                        .as("%s", runner)
                        .isEqualTo(3 * layers);
                assertThat(softmaxCount(subject.profileTraining(batch, 2)))
                        .as("%s", runner)
                        .isEqualTo(2 * layers);
            }
        }
    }

    private static long softmaxCount(List<OpTime> times) {
        return times.stream()
                .filter(time -> time.op().split(",")[0].equals("softmax"))
                .mapToLong(OpTime::count)
                .sum();
    }

    @Test
    void callersAreMeasuredUnderOneLockAndConcurrently() {
        try (ServingBench serving = new ServingBench(config, 0.05)) {
            List<ServingTimes> times = serving.measure(List.of(1, 2));
            assertThat(times).extracting(ServingTimes::callers).containsExactly(1, 2, 2);
            assertThat(times).extracting(ServingTimes::locked).containsExactly(true, true, false);
            assertThat(times).allSatisfy(t -> {
                assertThat(t.median()).isPositive().isLessThanOrEqualTo(t.p99());
                assertThat(t.imagesPerSecond()).isPositive();
            });
        }
    }

    @Test
    void plainSameDiffRejectsBfloat16() {
        RunConfig bf16 = RunConfig.open("digits-levit", List.of("train.precision=bf16"));
        assertThatThrownBy(() -> BenchRunner.PLAIN.open(bf16))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("plain SameDiff computes in fp32");
    }

    @Test
    void timingsEqualNumPyPercentiles() {
        Timings t = Timings.of(List.of(4.0, 1.0, 3.0, 2.0)); // numpy.percentile(x, [10, 50, 90])
        assertThat(List.of(t.p10(), t.median(), t.p90()))
                .usingElementComparator((a, b) -> Math.abs(a - b) < 1e-12 ? 0 : Double.compare(a, b))
                .containsExactly(1.3, 2.5, 3.7);
    }

    @Test
    void checkRejectsPrecisionsThatARunnerDoesNotHave() {
        RunConfig bfloat16 = RunConfig.open("digits-vit", List.of("train.precision=bf16"));
        for (BenchRunner runner : List.of(BenchRunner.PLAIN, BenchRunner.SAMEDIFF)) {
            assertThatThrownBy(() -> runner.check(bfloat16))
                    .isInstanceOf(ConfigError.class)
                    .hasMessageContaining("train.precision bf16 is not available: ")
                    .hasMessageContaining("fp32");
        }
    }
}
