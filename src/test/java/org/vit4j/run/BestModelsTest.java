package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.metrics.BestEpoch;
import org.vit4j.report.EvaluationReport;

/** The best model of a run that is resumed from a checkpoint before a better epoch. */
class BestModelsTest {
    @TempDir
    Path directory;

    private static void write(RunDirectory run, int epoch) {
        new EvaluationReport(epoch, 0, 0, 0, 0, List.of(), List.of(), List.of()).write(run.path());
        try {
            Files.writeString(run.model(), "epoch " + epoch);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void assertModel(RunDirectory run, int epoch) {
        assertThat(run.model()).hasContent("epoch " + epoch);
        assertThat(EvaluationReport.read(run.path()).orElseThrow().epoch()).isEqualTo(epoch);
    }

    @Test
    void earlierModelsAreRestoredUntilNoCheckpointNeedsThem() {
        try (RunDirectory run = RunDirectory.open(directory.resolve("run"), false)) {
            BestModels best = new BestModels(run);
            Path copies = run.path().resolve("best");
            best.keepBefore(1); // there is no model yet
            write(run, 1);
            best.keepBefore(3);
            write(run, 3);
            best.keepBefore(4);
            write(run, 4);
            best.restore(4, 4);
            assertModel(run, 4);
            best.restore(3, 4);
            assertModel(run, 3);
            best.restore(1, 4);
            assertModel(run, 1);
            write(run, 4);
            best.retain(Set.of(3, 4));
            assertThat(copies)
                    .isDirectoryContaining("glob:**epoch-000003*")
                    .isDirectoryNotContaining("glob:**epoch-000001*");
            best.restore(1, 4);
            assertModel(run, 4);
            best.retain(Set.of(4));
            assertThat(copies).doesNotExist();
        }
    }

    /** The last checkpoint is damaged, and after a change the epoch that was best is no longer. */
    @Test
    void aRunResumedFromAnEarlierCheckpointHasItsBestModel() throws IOException {
        List<String> tiny = List.of(
                "model.dim=16",
                "model.depth=1",
                "model.heads=2",
                "train.epochs=3",
                "train.batch=256",
                "train.schedule={name: constant, warmup_epochs: 0}");
        Path run = directory.resolve("run");
        RunConfig config = TestRuns.config("digits-vit", tiny);
        assertThat(TestRuns.train(config, run, false, 0).best().orElseThrow().epoch())
                .isEqualTo(3);
        Path newest;
        try (var files = Files.list(run.resolve("checkpoints"))) {
            newest = files.filter(file -> file.toString().endsWith(".safetensors"))
                    .max(Path::compareTo)
                    .orElseThrow();
        }
        Files.write(newest, new byte[10]);
        TrainRun.RunResult resumed =
                TestRuns.train(TestRuns.config("digits-vit", tiny, "train.optimizer.lr=5"), run, true, 0);
        int best = resumed.best().map(BestEpoch::epoch).orElseThrow();
        assertThat(best).isLessThan(3);
        assertThat(EvaluationReport.read(run).orElseThrow().epoch()).isEqualTo(best);
        assertThat(EvaluationReport.read(run).orElseThrow().loss())
                .isEqualTo(resumed.best().orElseThrow().loss());
    }

    /** Epochs that are trained again may have other models. */
    @Test
    void copiesOfDiscardedEpochsAreDeleted() {
        try (RunDirectory run = RunDirectory.open(directory.resolve("run"), false)) {
            BestModels best = new BestModels(run);
            for (int epoch = 1; epoch <= 4; epoch++) {
                best.keepBefore(epoch);
                write(run, epoch);
            }
            best.restore(2, 2);
            assertModel(run, 2);
            assertThat(run.path().resolve("best")).isDirectoryNotContaining("glob:**epoch-000003*");
            write(run, 3);
            best.restore(3, 3);
            assertModel(run, 3);
        }
    }
}
