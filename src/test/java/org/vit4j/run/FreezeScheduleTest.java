package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;

/** Parameters that are frozen in some epochs, the measure of the best epoch, and initial weights, in short runs. */
@Tag("slow")
class FreezeScheduleTest {
    private static final String GRADUAL = "train.freeze=[cls_token, {parameters: \"blocks.*\", until_epoch: 2},"
            + " {parameters: [\"patch_embed.*\", \"head.*\"], from_epoch: 1, until_epoch: 3}]";

    @TempDir
    Path directory;

    private static RunConfig config(String... more) {
        return TestRuns.config(
                "digits-vit",
                List.of(
                        "model.dim=16",
                        "model.depth=1",
                        "model.heads=2",
                        "train.epochs=4",
                        "train.batch=64",
                        "data.validation=0.9",
                        "train.schedule={name: constant, warmup_epochs: 0, min_lr: 0}",
                        "output.log_steps=0"),
                more);
    }

    private TrainRun.RunResult run(RunConfig config, String name, boolean resume, int stopAfter) {
        return TestRuns.train(config, directory.resolve(name), resume, stopAfter);
    }

    private Map<String, float[]> weights(String run) {
        return TestRuns.weights(directory.resolve(run).resolve("last.keras"));
    }

    private static boolean changed(Map<String, float[]> a, Map<String, float[]> b, String prefix) {
        assertThat(a.keySet()).anyMatch(name -> name.startsWith(prefix));
        return a.keySet().stream()
                .anyMatch(name -> name.startsWith(prefix) && !Arrays.equals(a.get(name), b.get(name)));
    }

    @Test
    void eachEpochTrainsTheParametersThatNoRuleFreezes() {
        for (int epochs = 1; epochs <= 4; epochs++)
            run(config(GRADUAL, "train.epochs=" + epochs), "e" + epochs, false, -1);
        List<Map<String, float[]>> after = List.of(weights("e1"), weights("e2"), weights("e3"), weights("e4"));
        // epoch 0 trains patch_embed and head, epoch 1 only the rest, epoch 2 also blocks, epoch 3 all but the class
        // token
        assertThat(changed(after.get(0), after.get(1), "patch_embed")).isFalse();
        assertThat(changed(after.get(0), after.get(1), "head")).isFalse();
        assertThat(changed(after.get(0), after.get(1), "blocks")).isFalse();
        assertThat(changed(after.get(0), after.get(1), "pos_embed")).isTrue();
        assertThat(changed(after.get(1), after.get(2), "blocks")).isTrue();
        assertThat(changed(after.get(1), after.get(2), "patch_embed")).isFalse();
        assertThat(changed(after.get(2), after.get(3), "patch_embed")).isTrue();
        assertThat(changed(after.get(2), after.get(3), "head")).isTrue();
        assertThat(changed(after.get(0), after.get(3), "cls_token")).isFalse();
    }

    @Test
    void epochsOfTheHeadNeedATrainableHead() {
        String init = "train.init={weights: w.keras, head_epochs: 2}";
        for (String freeze : List.of("[\"head.*\"]", "[{parameters: \"head.*\", until_epoch: 1}]"))
            assertThatThrownBy(() -> config(init, "train.freeze=" + freeze))
                    .isInstanceOf(ConfigError.class)
                    .hasMessageContaining(
                            "train.freeze: leaves no trainable parameter in epoch 0, which trains only the head");
        assertThatThrownBy(() -> config(init, "train.freeze=[{parameters: \"head.*\", from_epoch: 1}]"))
                .hasMessageContaining("leaves no trainable parameter in epoch 1, which trains only the head");
        config(init, "train.freeze=[{parameters: \"head.*\", from_epoch: 2}]");
        config(init, "train.freeze=[\"blocks.*\"]");
    }

    @Test
    void aRunResumedAnywhereEqualsTheUninterruptedOne() {
        RunConfig config = config(GRADUAL, "train.checkpoint_steps=1");
        TrainRun.RunResult all = run(config, "all", false, -1);
        assertThat(all.state().step()).isEqualTo(8); // two steps per epoch
        for (int stop : new int[] {1, 2, 5}) { // within an epoch, and at both ends of phases
            run(config, "stopped" + stop, false, stop);
            run(config, "stopped" + stop, true, -1);
            assertThat(weights("stopped" + stop).values())
                    .containsExactlyElementsOf(weights("all").values());
        }
    }

    @Test
    void theBestModelAndEarlyStoppingFollowTheChosenMeasure() {
        // a rate of 1e-9 changes no prediction: the accuracy stays, the loss falls in every epoch
        String[] slow = {"train.optimizer.lr=1e-9", "train.early_stop.patience=2", "train.val_batch=100"};
        TrainRun.RunResult byAccuracy = run(config(slow), "accuracy", false, -1);
        assertThat(byAccuracy.state().history())
                .extracting(m -> m.metrics().size())
                .containsOnly(0);
        List<String> rising = new ArrayList<>(List.of(slow));
        rising.addAll(List.of("train.best={metric: loss, mode: max}", "train.ema={decay: 0.5}"));
        TrainRun.RunResult worst = run(config(rising.toArray(String[]::new)), "loss", false, -1);
        assertThat(worst.best().orElseThrow().epoch()).isEqualTo(1);
        assertThat(worst.state().history()).hasSize(3); // stopped early
        TrainRun.RunResult top5 = run(config("train.best.metric=top5", "train.ema={decay: 0.5}"), "top5", false, -1);
        assertThat(top5.state().history())
                .allSatisfy(m -> assertThat(m.metrics()).containsOnlyKeys("val_top5", "val_ema_top5"));
    }

    private static void rejected(String freeze, String message) {
        assertThatThrownBy(() -> config("train.freeze=" + freeze))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("train.freeze")
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void badValuesAreRejectedWithOneLine() {
        rejected("[{parameters: \"block.*\", until_epoch: 2}]", "'block.*' matches no trainable parameter");
        rejected("[{parameters: \"blocks.*\", until_epoch: 0}]", "until_epoch (0) must be above from_epoch");
        rejected("[{parameters: \"blocks.*\", from_epoch: -1}]", "from_epoch (-1) must be at least 0");
        rejected("[{until_epoch: 2}]", "parameters: is missing");
        rejected("[{parameters: \"blocks.*\", until: 2}]", "unknown key 'until'");
        rejected("[{parameters: \"*\", from_epoch: 2}]", "leaves no trainable parameter in epoch 2");
        rejected("[{parameters: \"*\", until_epoch: 2}]", "leaves no trainable parameter");
    }
}
