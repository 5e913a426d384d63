package org.vit4j.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.OpTime;
import org.vit4j.data.Batch;
import org.vit4j.graph.Op;
import org.vit4j.train.RunConfig;

/** A benchmark of networks that compute different things would compare nothing. */
class SubjectTest {
    /** Stock ND4J adds Adam's epsilon before the bias correction, which moves a small step a little. */
    private static final double SAME_LOSS = 1e-3;

    private static final double SAME_LOGITS = 1e-2;

    private final RunConfig config = RunConfig.open(
            "digits-levit", // batch norm: its running statistics are part of a step
            List.of("train.batch=8", "train.optimizer.lr=1e-3", "train.optimizer.weight_decay=0"));
    private final Batch batch = BenchData.random(config, 8);

    /** The loss of a forward pass, those of three steps, and what the network says afterwards. */
    private record Course(List<Double> losses, INDArray logits) {}

    private Course train(BenchRunner runner) {
        try (Subject contender = runner.open(config)) {
            List<Double> losses = new ArrayList<>(List.of(contender.forward(batch)));
            for (int step = 0; step < 3; step++) {
                losses.add(contender.gradient(batch));
                contender.update();
            }
            return new Course(
                    losses, contender.infer(BenchNetwork.images(batch)).dup());
        }
    }

    @Test
    void contendersLearnTheSame() {
        Course stock = train(BenchRunner.PLAIN);
        assertThat(stock.losses.get(1)).isEqualTo(stock.losses.get(0));
        assertThat(stock.losses.get(3)).isLessThan(stock.losses.get(1) - 0.01);
        for (BenchRunner runner : EnumSet.complementOf(EnumSet.of(BenchRunner.PLAIN))) {
            Course other = train(runner);
            for (int i = 0; i < stock.losses.size(); i++) {
                assertThat(other.losses.get(i))
                        .as("%s, %d", runner, i)
                        .isCloseTo(stock.losses.get(i), offset(SAME_LOSS));
            }
            assertThat(other.logits.equalsWithEps(stock.logits, SAME_LOGITS))
                    .as("%s", runner)
                    .isTrue();
        }
    }

    /** Both engines tell, and both spend time on softmax; a step has as many of them forward as inference has. */
    @Test
    void enginesTellWhereTheirTimeGoes() {
        long layers = config.model().build().tensors().stream()
                .filter(t -> t.op() instanceof Op.Softmax)
                .count();
        for (BenchRunner runner : EnumSet.complementOf(EnumSet.of(BenchRunner.PLAIN))) {
            try (Subject contender = runner.open(config)) {
                assertThat(softmaxes(contender.profileInference(BenchNetwork.images(batch), 3)))
                        .as("%s", runner)
                        .isEqualTo(3 * layers);
                assertThat(softmaxes(contender.profileTraining(batch, 2)))
                        .as("%s", runner)
                        .isEqualTo(2 * layers);
            }
        }
    }

    private static long softmaxes(List<OpTime> times) {
        return times.stream()
                .filter(time -> time.op().split(",")[0].equals("softmax"))
                .mapToLong(OpTime::count)
                .sum();
    }

    @Test
    void timingsAreWhatNumPySays() {
        Timings t = Timings.of(List.of(4.0, 1.0, 3.0, 2.0)); // numpy.percentile(x, [10, 50, 90])
        assertThat(List.of(t.p10(), t.median(), t.p90()))
                .usingElementComparator((a, b) -> Math.abs(a - b) < 1e-12 ? 0 : Double.compare(a, b))
                .containsExactly(1.3, 2.5, 3.7);
    }
}
