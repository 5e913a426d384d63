package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;

/** Resuming a run after dataset, teacher, weights or run directory were moved. */
class MovedPathsTest {
    @TempDir
    static Path directory;

    private static Path teacher;

    private static RunConfig config(String name, String... more) {
        return TestRuns.config(
                name,
                List.of("model.dim=16", "model.depth=1", "model.heads=2", "train.epochs=2", "train.batch=256"),
                more);
    }

    private static boolean train(RunConfig config, Path run, boolean resume, int stopAfter) {
        return TestRuns.train(config, run, resume, stopAfter).finished();
    }

    @BeforeAll
    static void trainTeacher() {
        train(config("digits-vit", "train.epochs=1"), directory.resolve("teacher"), false, 0);
        teacher = directory.resolve("teacher/model.keras");
    }

    @Test
    void resumingDoesNotNeedTheInitialWeights() throws IOException {
        Path weights = Files.copy(teacher, directory.resolve("weights.keras"));
        Path run = directory.resolve("tuned");
        train(config("digits-vit", "train.init.weights=" + weights), run, false, 2);
        Files.delete(weights);
        RunConfig moved = RunConfig.ofRun(run, List.of("train.init.weights=" + directory.resolve("moved.keras")));
        assertThat(train(moved, run, true, 1)).isFalse();
        assertThat(train(RunConfig.ofRun(run, List.of()), run, true, 0)).isTrue();
    }

    @Test
    void aMovedTeacherIsAcceptedAndAnotherTeacherRejected() throws IOException {
        Path first = Files.copy(teacher, directory.resolve("first.keras"));
        Path run = directory.resolve("student");
        RunConfig student = config("digits-deit-distilled", "train.distill.teacher=" + first);
        train(student, run, false, 2);
        Path second = Files.move(first, directory.resolve("second one.keras"));
        assertThatThrownBy(() -> train(RunConfig.ofRun(run, List.of()), run, true, 0))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("train.distill.teacher: " + first);
        Path another = directory.resolve("another");
        train(config("digits-vit", "train.epochs=1", "train.seed=5"), another, false, 0);
        List<String> wrong = List.of("train.distill.teacher=" + another.resolve("model.keras"));
        assertThatThrownBy(() -> train(RunConfig.ofRun(run, wrong), run, true, 0))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("started with another teacher than");
        List<String> moved = List.of("train.distill.teacher=" + second);
        assertThat(train(RunConfig.ofRun(run, moved), run, true, 0)).isTrue();
    }

    @Test
    void datasetAndRunDirectoryCanBeMoved() throws IOException {
        Path images = directory.resolve("images");
        for (String part : List.of("train", "val")) {
            for (int i = 0; i < 20; i++) {
                Path folder = Files.createDirectories(images.resolve(part + "/" + (i % 2 == 0 ? "a" : "b")));
                BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_GRAY);
                image.getRaster().setSample(i % 8, i / 8, 0, 255);
                ImageIO.write(image, "png", folder.resolve(i + ".png").toFile());
            }
        }
        Path run = directory.resolve("run");
        RunConfig config = config(
                "digits-vit",
                "data={dataset: image-folder, validation: null, split_seed: null}",
                "data.path=" + images,
                "model.classes=2",
                "train.batch=4");
        train(config, run, false, 2);
        Path movedImages = Files.move(images, directory.resolve("set #2"));
        Path movedRun = Files.move(run, directory.resolve("moved run"));
        List<String> moved = List.of("data.path=" + movedImages);
        assertThat(train(RunConfig.ofRun(movedRun, moved), movedRun, true, 0)).isTrue();
        assertThat(movedRun.resolve("run.json")).content().contains("data.path", "set #2");
    }
}
