package org.vit4j.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vit4j.metrics.ValidationMetrics;
import org.vit4j.run.RunConfig;

/** Compares learning rates with values computed from timm's and PyTorch's formulas. */
class ScheduleTest {
    private record Epoch(double valLoss, double valTop1) implements ValidationMetrics {}

    private static Schedule schedule(String name, String... keys) {
        List<String> overrides = new java.util.ArrayList<>(List.of(
                "train.epochs=70",
                "train.optimizer.lr=1.0",
                "train.schedule={name: " + name + ", " + String.join(", ", keys) + "}"));
        return RunConfig.open("vit_tiny_patch16_224", overrides).train().schedule();
    }

    private static void check(Schedule schedule, double epoch, double lr) {
        assertThat(schedule.at(epoch, 1, List.of())).as("epoch " + epoch).isCloseTo(lr, within(1e-12));
    }

    @Test
    void cosineCyclesFollowLengthAndDecayFactors() {
        // Cycles of 10, 20 and 40 epochs that start at 1, 0.5 and 0.25 and end at 0.1.
        Schedule s = schedule("cosine", "cycles: 3", "cycle_mul: 2", "cycle_decay: 0.5", "min_lr: 0.1");
        check(s, 0, 1);
        check(s, 5, 0.55);
        check(s, 10, 0.5);
        check(s, 20, 0.3);
        check(s, 25, 0.1 + 0.4 * 0.5 * (1 + Math.cos(Math.PI * 0.75)));
        check(s, 30, 0.25);
        check(s, 50, 0.175);
        check(s, 70, 0.1);
    }

    @Test
    void stepScheduleDecaysAtFixedIntervals() {
        Schedule s = schedule("step", "decay_epochs: 30", "decay_rate: 0.2", "warmup_epochs: 4", "warmup_lr: 0.2");
        check(s, 0, 0.2);
        check(s, 2, 0.6);
        check(s, 4, 1);
        check(s, 29.99, 1);
        check(s, 30, 0.2);
        check(s, 60.5, 0.04);
        check(schedule("step", "decay_epochs: 30", "warmup_epochs: 4", "warmup_prefix: true"), 33.9, 1);
        check(schedule("step", "decay_epochs: 10", "min_lr: 0.05"), 65, 0.05);
    }

    @Test
    void multiStepScheduleDecaysAtMilestones() {
        Schedule s = schedule("multi_step", "milestones: [30, 60]");
        check(s, 29.9, 1);
        check(s, 30, 0.1);
        check(s, 60, 0.01);
        assertThatThrownBy(() -> schedule("multi_step", "milestones: [60, 30]"))
                .hasMessageContaining("must be in ascending order");
    }

    @Test
    void polynomialScheduleFollowsTheFormula() {
        check(schedule("polynomial", "power: 2", "min_lr: 0.2"), 35, 0.2 + 0.8 * 0.25);
        check(schedule("polynomial"), 35, 0.5);
        check(schedule("polynomial", "power: 2"), 70, 0);
    }

    /** Expected values: {@code _get_lr(t)} of timm 1.0.31 with t_initial 70 and lr_min 0.1 at the epochs 0, 1, 20, 35, 69. */
    @Test
    void tanhScheduleAndKDecayEqualTimm() {
        checkTimm(
                schedule("cosine", "k_decay: 0.5", "min_lr: 0.1"),
                1.0,
                0.9686472630379225,
                0.5012906111173738,
                0.277435059814534,
                0.10011411078462537);
        checkTimm(
                schedule("cosine", "k_decay: 2", "min_lr: 0.1"),
                1.0,
                0.999999907510999,
                0.9852826883675633,
                0.8681980515339464,
                0.10178579765987855);
        checkTimm(
                schedule("polynomial", "power: 2", "k_decay: 0.5", "min_lr: 0.1"),
                1.0,
                0.797715993176952,
                0.29500238625812936,
                0.17720779386421442,
                0.10004624931375444);
        checkTimm(
                schedule("tanh", "min_lr: 0.1"),
                0.9999992516247751,
                0.9999990041282337,
                0.9997731738883826,
                0.9838124110341177,
                0.10295889524734061);
        Schedule cycles = schedule("tanh", "min_lr: 0.1", "cycles: 3", "cycle_mul: 2", "cycle_decay: 0.5");
        check(cycles, 5, 0.9838124110341177); // timm: t_initial 10
        check(cycles, 10, 0.499999667388789);
        check(cycles, 50, 0.24730206850568626);
        check(cycles, 70, 0.1);
        assertThatThrownBy(() -> schedule("cosine", "k_decay: 0")).hasMessageContaining("k_decay");
    }

    /** Expected values: {@code _get_lr(t)} of timm 1.0.31 with t_initial 70, lr_min 0.1, warmup_t 50 and warmup_lr_init 0.2. */
    @Test
    void warmUpOfTanhEndsWhereTheDecayContinuesUnlessItIsAPrefix() {
        Schedule s = schedule("tanh", "min_lr: 0.1", "warmup_epochs: 50", "warmup_lr: 0.2");
        check(s, 0, 0.2);
        check(s, 10, 0.2572296125609761);
        check(s, 49, 0.4804251015487827);
        check(s, 50, 0.4861480628048803);
        check(s, 60, 0.13723628595406792);
        Schedule prefix = schedule("tanh", "min_lr: 0.1", "warmup_epochs: 50", "warmup_lr: 0.2", "warmup_prefix: true");
        check(prefix, 10, 0.36);
        check(prefix, 49, 0.984);
        check(prefix, 60, 0.9999869696868843);
        Schedule filled = schedule("tanh", "warmup_epochs: 70", "warmup_lr: 0");
        check(filled, 35, 0.5); // fills the run
    }

    private static void checkTimm(Schedule schedule, double... rates) {
        int[] epochs = {0, 1, 20, 35, 69};
        for (int i = 0; i < epochs.length; i++) check(schedule, epochs[i], rates[i]);
    }

    @Test
    void constantScheduleOnlyWarmsUp() {
        Schedule s = schedule("constant", "warmup_epochs: 2", "warmup_lr: 0");
        check(s, 1, 0.5);
        check(s, 69, 1);
    }

    private static double plateau(Schedule s, double... top1) {
        return s.at(
                top1.length,
                1,
                Arrays.stream(top1).mapToObj(x -> new Epoch(1 - x, x)).toList());
    }

    /** Patience 1: the second epoch without improvement reduces the rate; then one epoch is ignored (cooldown). */
    @Test
    void plateauScheduleReducesTheRateFromTheHistory() {
        String[] keys = {"patience: 1", "decay_rate: 0.5", "cooldown: 1", "threshold: 0.01", "min_lr: 0.2"};
        Schedule s = schedule("plateau", keys);
        assertThat(plateau(s)).isEqualTo(1);
        assertThat(plateau(s, 0.5, 0.6, 0.6)).isEqualTo(1);
        assertThat(plateau(s, 0.5, 0.6, 0.6, 0.605)).isEqualTo(0.5); // an improvement of less than 1 % does not count
        assertThat(plateau(s, 0.5, 0.6, 0.6, 0.61)).isEqualTo(1);
        assertThat(plateau(s, 0.5, 0.5, 0.5, 0.5, 0.5))
                .isEqualTo(0.5); // the fourth epoch is cooldown, the fifth the first bad one
        assertThat(plateau(s, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5)).isEqualTo(0.25);
        assertThat(plateau(s, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5)).isEqualTo(0.2);
    }

    @Test
    void plateauScheduleIgnoresTheWarmUp() {
        Schedule s = schedule("plateau", "patience: 0", "warmup_epochs: 3", "warmup_lr: 0", "metric: loss");
        assertThat(s.at(1.5, 1, List.of(new Epoch(1, 0)))).isEqualTo(0.5);
        Epoch same = new Epoch(1, 0);
        assertThat(s.at(4, 1, List.of(same, same, same, same))).isEqualTo(1);
        assertThat(s.at(5, 1, List.of(same, same, same, same, same))).isCloseTo(0.1, within(1e-15));
        assertThat(s.at(5, 1, List.of(same, same, same, same, new Epoch(0.9, 0))))
                .isEqualTo(1);
    }

    @Test
    void keysOfAnotherScheduleAreRejected() {
        assertThatThrownBy(() -> schedule("cosine", "power: 2")).hasMessageContaining("unknown key 'power'");
    }

    @Test
    void theRateIsScaledFromTheBaseBatchToTheBatch() {
        RunConfig config = RunConfig.open(
                "vit_tiny_patch16_224",
                List.of(
                        "train.batch=256",
                        "train.accumulate=4",
                        "train.optimizer={name: lamb, lr: 0.001, lr_base_batch: 512}",
                        "train.schedule={name: constant}"));
        assertThat(config.train().optimizer().lr()).isEqualTo(0.002);
        assertThat(config.train().schedule().at(3, config.train().optimizer().lr(), List.of()))
                .isEqualTo(0.002);
    }

    @Test
    void theRateIsScaledByTheSquareRootIfRequested() {
        RunConfig config = RunConfig.open(
                "vit_tiny_patch16_224",
                List.of(
                        "train.batch=1024",
                        "train.optimizer={name: adamw, lr: 0.001, lr_base_batch: 256, lr_base_scale: sqrt}"));
        assertThat(config.train().optimizer().lr()).isEqualTo(0.002);
        assertThatThrownBy(() -> RunConfig.open(
                        "vit_tiny_patch16_224", List.of("train.optimizer={name: adamw, lr_base_scale: sqrt}")))
                .hasMessageContaining("lr_base_scale: needs lr_base_batch");
    }

    @Test
    void schedulesMadeInJavaEqualThoseOfAConfig() {
        Schedule read = schedule("cosine", "warmup_epochs: 5");
        Schedule made = Cosine.over(70).warmup(5);
        assertThat(made).isEqualTo(read);
        assertThat(made.at(2.5, 1, List.of())).isCloseTo(0.5, within(1e-6));
        assertThat(Polynomial.linear(70)).isEqualTo(((Warmup) schedule("polynomial")).decay());
        assertThatThrownBy(() -> Schedules.check(new Cosine(DecayCycles.one(10), 0.1), 0.01))
                .hasMessageContaining("min_lr");
    }
}
