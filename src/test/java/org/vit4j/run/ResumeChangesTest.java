package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.config.ConfigError;
import org.vit4j.io.RunException;
import org.vit4j.model.SavedModel;

/** Permitted and rejected config changes on resume, and their record in {@code run.json}. */
class ResumeChangesTest {
    private static final List<String> TINY = List.of(
            "model.dim=16",
            "model.depth=1",
            "model.heads=2",
            "train.epochs=2",
            "train.batch=256",
            "train.ema={decay: 0.9}",
            "train.checkpoint_steps=2");

    @TempDir
    static Path directory;

    private static Path stopped;

    private static RunConfig config(String... more) {
        return TestRuns.config("digits-vit", TINY, more);
    }

    private static TrainRun.RunResult train(RunConfig config, Path run, boolean resume, int stopAfter) {
        return TestRuns.train(config, run, resume, stopAfter);
    }

    @BeforeAll
    static void trainStoppedRun() {
        stopped = directory.resolve("stopped run");
        assertThat(train(config(), stopped, false, 3).finished()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "train.optimizer.lr=5e-4",
                "train.optimizer.lr_base_batch=512",
                "train.optimizer.weight_decay=0",
                "train.optimizer.betas=[0.8, 0.99]",
                "train.optimizer.layer_decay=0.9",
                "train.optimizer.groups=[{match: 'head*', lr_scale: 2}]",
                "train.schedule.name=constant",
                "train.schedule={name: multi_step, milestones: [1, 2], warmup_epochs: 0}",
                "train.schedule.min_lr=0",
                "train.epochs=3",
                "train.clip=0",
                "train.clip={mode: agc}",
                "train.loss.label_smoothing=0",
                "train.spike=0",
                "train.checkpoint_steps=1",
                "train.early_stop={patience: 3}",
                "train.backend=samediff",
                "train.ema.decay=0.99",
                "train.distributed={executors: 2}",
                "train.workers=7",
                "output={dir: elsewhere, keep: 1, log_steps: 1}",
            })
    void changesThatLeaveModelAndDataAreAllowed(String change) {
        List<ResumeChange> changes = ResumeCheck.check(config(change), stopped);
        assertThat(changes).isNotEmpty();
        assertThat(changes).allMatch(c -> !c.before().equals(c.after()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "model.dim=32;model.dim: 16, now it is 32",
                "model.proj_drop=0.5;model.proj_drop: 0.0, now it is 0.5",
                "train.batch=128;train.batch: 256, now it is 128",
                "train.accumulate=2;train.accumulate: 1, now it is 2",
                "train.seed=7;train.seed: 1, now it is 7",
                "train.drop_last=false;train.drop_last: true, now it is false",
                "train.optimizer.name=lion;train.optimizer.name: adamw, now it is lion",
                "train.ema=null;train.ema.decay: 0.9, now it is not set",
                "train.freeze=[head*];train.freeze: not set, now it is head*",
                "train.freeze_norm=true;train.freeze_norm: false, now it is true",
                "train.mixup={mixup: 0.8};train.mixup.mixup: not set, now it is 0.8",
                "train.init={weights: w, head_epochs: 1};train.init.head_epochs: not set, now it is 1",
                "data.augment=null;data.augment[0].name: resize, now it is not set",
                "data.split_seed=3;data.split_seed: 0, now it is 3",
                "data.mean=0.5;data.mean: 0.3053, now it is 0.5",
            })
    void otherChangesAreRejectedWithOneLineThatNamesTheKey(String change, String message) {
        assertThatThrownBy(() -> train(config(change), stopped, true, 0))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("the run was started with " + message)
                .hasMessageContaining("vit4j train --resume --run '" + stopped + "'")
                .satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1));
    }

    @Test
    void changesAreRecordedAndApplied() throws IOException {
        Path run = directory.resolve("changed");
        train(config(), run, false, 3);
        RunConfig changed = RunConfig.ofRun(run, List.of("train.optimizer.lr=5e-4", "train.clip=0"));
        assertThat(train(changed, run, true, 2).finished()).isFalse();
        assertThat(train(RunConfig.ofRun(run, List.of("train.epochs=1")), run, true, 0)
                        .finished())
                .isTrue();
        JsonNode info = new ObjectMapper().readTree(run.resolve("run.json").toFile());
        assertThat(info.path("config").asText()).isEqualTo("digits-vit");
        assertThat(info.path("changes")).hasSize(3);
        JsonNode first = info.path("changes").get(0);
        assertThat(first.path("key").asText()).isEqualTo("train.optimizer.lr");
        assertThat(first.path("before").asText()).isEqualTo("0.001");
        assertThat(first.path("after").asText()).isEqualTo("5.0E-4");
        assertThat(first.path("epoch").asInt()).isEqualTo(1);
        assertThat(first.path("step").asInt()).isEqualTo(3);
        assertThat(info.path("changes").get(1).path("after").asText()).isEqualTo("not set");
        assertThat(run.resolve("config.yaml")).content().contains("5.0E-4").doesNotContain("clip");
    }

    @Test
    void resumingFromTheDirectoryAloneGivesTheUninterruptedRun() throws IOException {
        RunConfig config = config("train.optimizer.lr=7e-4", "output.dir='x # y'");
        Path one = directory.resolve("one");
        Path two = directory.resolve("two");
        train(config, one, false, 0);
        train(config, two, false, 3);
        train(RunConfig.ofRun(two, List.of()), two, true, 0);
        assertThat(Files.readString(two.resolve("config.yaml")))
                .isEqualTo(Files.readString(one.resolve("config.yaml")));
        assertThat(CheckpointDirectory.sha256(newest(two))).isEqualTo(CheckpointDirectory.sha256(newest(one)));
        assertThat(SavedModel.describe(two.resolve("last.keras")).name()).isEqualTo("digits-vit");
    }

    private static Path newest(Path run) throws IOException {
        try (var files = Files.list(run.resolve("checkpoints"))) {
            return files.filter(file -> file.toString().endsWith(".safetensors"))
                    .max(java.util.Comparator.naturalOrder())
                    .orElseThrow();
        }
    }

    @Test
    void aRunWithoutRunJsonIsNamedAfterItsDirectory() throws IOException {
        Path run = directory.resolve("older");
        train(config(), run, false, 3);
        Files.delete(run.resolve("run.json"));
        assertThat(RunConfig.ofRun(run, List.of()).name()).isEqualTo("older");
    }

    @Test
    void theSuggestedCommandContinuesADivergedRunFromItsLastGoodCheckpoint() {
        Path run = directory.resolve("it's wild");
        train(config("train.checkpoint_steps=1"), run, false, 3);
        RunConfig diverging = RunConfig.ofRun(run, List.of("train.optimizer.lr=1e30", "train.clip=0"));
        RunException failure = failure(diverging, run, true);
        assertThat(failure)
                .hasMessageContaining("continue with: vit4j train --resume --run '" + (directory + "/it'\\''s wild'"))
                .hasMessageContaining("--set train.optimizer.lr=1E+29 --set train.schedule.min_lr=0.000001");
        RunConfig lowerRate = RunConfig.ofRun(
                run, List.of("train.optimizer.lr=1e-4", "train.schedule.min_lr=0.000001", "train.ema.decay=0.8"));
        assertThat(train(lowerRate, run, true, 0).finished()).isTrue();
    }

    @Test
    void aRunThatDivergesBeforeItsFirstCheckpointIsRestarted() {
        Path run = directory.resolve("wild");
        RunConfig diverging = config("train.optimizer.lr=1e30", "train.clip=0", "train.schedule.warmup_epochs=0");
        assertThat(failure(diverging, run, false))
                .hasMessageContaining("there is no good checkpoint yet; restart with: vit4j train " + run
                        + "/config.yaml --run " + run + " --set train.optimizer.lr=1E+29");
    }

    private static RunException failure(RunConfig config, Path run, boolean resume) {
        try {
            train(config, run, resume, 0);
        } catch (RunException e) {
            return e;
        }
        throw new AssertionError("the run did not diverge");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {"absent;there is no such directory", ".;holds no run to resume (no config.yaml); pass a config"})
    void aDirectoryWithoutARunIsRejected(String name, String message) {
        Path path = directory.resolve(name);
        assertThatThrownBy(() -> RunConfig.ofRun(path, List.of()))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining(message);
    }
}
