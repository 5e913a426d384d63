package org.vit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.image.Image;
import org.vit4j.data.transforms.Interpolation;
import org.vit4j.model.RandomModel;
import org.vit4j.model.SavedModel;
import org.vit4j.run.RunConfig;
import org.vit4j.run.TestRuns;

/** Distillation from teachers with random weights. */
class TeacherTest {
    @TempDir
    Path directory;

    private static List<String> digits(int count) {
        return IntStream.range(0, count).mapToObj(String::valueOf).toList();
    }

    /** Writes a tiny model with the given image size and mean. */
    private Path saved(int side, double mean, int classes, long seed) {
        RunConfig config = RunConfig.open(
                "digits-vit",
                List.of(
                        "model.dim=16",
                        "model.depth=1",
                        "model.heads=2",
                        "model.image.size=" + side,
                        "model.classes=" + classes,
                        "data.mean=" + mean));
        Path file = directory.resolve("teacher-" + side + "-" + seed + ".keras");
        RandomModel.write(file, "teacher", config, digits(classes), seed);
        return file;
    }

    private static Preprocessing preprocessing(int side, int channels, double mean, double std) {
        return new Preprocessing(side, side, channels, 0.875, Interpolation.BICUBIC, List.of(mean), List.of(std));
    }

    private static Image image(int side) {
        float[] pixels = new float[side * side];
        for (int i = 0; i < pixels.length; i++) pixels[i] = (i * 37 + i / side * 11) % 256;
        return new Image(side, side, 1, pixels);
    }

    private static INDArray batch(Preprocessing preprocess, Image... images) {
        float[][] rows = new float[images.length][];
        for (int i = 0; i < rows.length; i++) rows[i] = preprocess.apply(images[i]);
        return Nd4j.createFromArray(rows)
                .reshape('c', rows.length, preprocess.height(), preprocess.width(), preprocess.channels());
    }

    @Test
    void equalPreprocessingReturnsTheSameArray() {
        Path file = saved(32, 0.25, 10, 1);
        Preprocessing student = SavedModel.describe(file).preprocess();
        try (TeacherModel teacher = TeacherModel.load(file, "test", digits(10), student);
                SavedModel model = SavedModel.load(file)) {
            INDArray images = batch(student, image(32), image(40));
            assertThat(teacher.toTeacherInput(images)).isSameAs(images);
            assertThat(teacher.logits(images)).isEqualTo(model.inference().logits(images));
        }
    }

    @Test
    void imagesAreConvertedToTheSizeAndNormalizationOfTheTeacher() {
        Path file = saved(48, 0.25, 10, 1);
        Preprocessing student = preprocessing(32, 3, 0.5, 0.2);
        Preprocessing own = SavedModel.describe(file).preprocess();
        try (TeacherModel teacher = TeacherModel.load(file, "test", digits(10), student)) {
            INDArray converted = teacher.toTeacherInput(batch(student, image(32)));
            Image upscaled =
                    new Preprocessing(48, 48, 1, 1, own.interpolation(), own.mean(), own.std()).view(image(32));
            assertThat(converted.dup('c').data().asFloat()).isEqualTo(own.apply(upscaled));
            assertThat(teacher.logits(batch(student, image(32), image(32))).shape())
                    .containsExactly(2, 10);
        }
    }

    @Test
    void undoingTheNormalizationIsExact() {
        for (double std : new double[] {0.2, 0.3081, 1}) {
            Preprocessing preprocess = preprocessing(32, 1, 0.1307, std);
            Image image = image(32);
            assertThat(preprocess.denormalize(preprocess.apply(image)).pixels()).isEqualTo(image.pixels());
        }
    }

    @Test
    void missingIncompatibleAndDamagedTeachersFailWithOneLine() throws IOException {
        Preprocessing student = preprocessing(32, 1, 0.5, 0.5);
        Path missing = directory.resolve("none.keras");
        assertThatThrownBy(() -> TeacherModel.load(missing, "test", digits(10), student))
                .isInstanceOf(ConfigError.class)
                .hasMessage("test: train.distill.teacher: " + missing
                        + ": there is no such file; train the teacher first, or use another model.keras");
        Path seven = saved(32, 0.25, 7, 1);
        assertThatThrownBy(() -> TeacherModel.load(seven, "test", digits(10), student))
                .isInstanceOf(ConfigError.class)
                .hasMessage("test: train.distill.teacher: " + seven + ": has other classes (7: 0, 1, 2, 3, 4, ...) than"
                        + " the data (10: 0, 1, 2, 3, 4, ...); they must be equal and in the same order");
        Path damaged = Files.write(directory.resolve("damaged.keras"), new byte[100]);
        assertThatThrownBy(() -> TeacherModel.load(damaged, "test", digits(10), student))
                .isInstanceOf(ConfigError.class)
                .hasMessageStartingWith("test: train.distill.teacher: " + damaged)
                .hasMessageNotContaining("\n");
    }

    @Test
    void invalidDistillSectionsAreRejected() {
        assertThatThrownBy(() -> RunConfig.open("digits-vit", List.of("train.distill={teacher: a, type: firm}")))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("train.distill.type: unknown value 'firm'");
        assertThatThrownBy(() -> RunConfig.open("digits-vit", List.of("train.distill={alpha: 1.5}")))
                .hasMessageContaining("train.distill.teacher: is missing");
        assertThatThrownBy(() ->
                        RunConfig.open("digits-vit", List.of("train.distill={teacher: a, type: soft, alpha: 1.5}")))
                .hasMessageContaining("alpha (1.5) must be in [0, 1]");
        assertThatThrownBy(() -> RunConfig.open("digits-vit", List.of("train.distill={teacher: a, temperature: 0}")))
                .hasMessageContaining("temperature (0.0) must be positive");
    }

    @Test
    void networksWithoutDistillationHeadLearnFromATeacherAndResumeExactly() {
        Path teacher = saved(32, 0.25, 10, 1);
        String distill = "train.distill={type: soft, form: vit_pytorch, alpha: 0.7, teacher: " + teacher + "}";
        List<String> small = List.of("train.epochs=1", "train.batch=24", "data.validation=0.95");
        for (String config : List.of("digits-vit", "digits-resnet")) {
            List<String> overrides = new ArrayList<>(small);
            overrides.addAll(List.of("train.checkpoint_steps=1", distill));
            RunConfig student = RunConfig.open(config, overrides);
            train(student, config, false, -1);
            train(student, config + "-stopped", false, 2);
            train(student, config + "-stopped", true, -1);
            train(RunConfig.open(config, small), config + "-alone", false, -1);
            assertThat(weights(config + "-stopped")).containsExactlyElementsOf(weights(config));
            assertThat(weights(config + "-alone")).isNotEqualTo(weights(config));
        }
    }

    private RunConfig student(Path teacher, String... more) {
        return TestRuns.config(
                "digits-deit-distilled",
                List.of(
                        "model.dim=16",
                        "model.depth=1",
                        "model.heads=2",
                        "model.proj_drop=0.1",
                        "train.epochs=1",
                        "train.batch=256",
                        "train.checkpoint_steps=2",
                        "train.distill.teacher=" + teacher),
                more);
    }

    private void train(RunConfig config, String name, boolean resume, int stopAfter) {
        TestRuns.train(config, directory.resolve(name), resume, stopAfter);
    }

    private List<float[]> weights(String run) {
        return List.copyOf(
                TestRuns.weights(directory.resolve(run).resolve("last.keras")).values());
    }

    @Test
    void aResumedDistillationRunEqualsTheUninterruptedRun() {
        for (String type : List.of("hard", "soft")) {
            RunConfig config = student(saved(48, 0.25, 10, 1), "train.distill.type=" + type);
            train(config, type, false, -1);
            train(config, type + "-stopped", false, 3);
            train(config, type + "-stopped", true, -1);
            assertThat(weights(type + "-stopped")).containsExactlyElementsOf(weights(type));
        }
    }

    @Test
    void differentTeachersGiveDifferentStudents() {
        train(student(saved(32, 0.25, 10, 1)), "first", false, -1);
        train(student(saved(32, 0.25, 10, 2)), "second", false, -1);
        assertThat(weights("second")).isNotEqualTo(weights("first"));
        assertThat(weights("second").stream().flatMapToInt(w -> IntStream.of(w.length)))
                .containsExactlyElementsOf(
                        weights("first").stream().map(w -> w.length).toList());
    }

    @Test
    void resumingWithARetrainedTeacherIsRejected() throws IOException {
        Path file = saved(32, 0.25, 10, 1);
        train(student(file), "run", false, 2);
        Files.copy(saved(32, 0.25, 10, 2), file, StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> train(student(file), "run", true, -1))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("started with another teacher than " + file);
    }

    @Test
    void aTeacherWithOtherClassesIsRejectedBeforeTheRunDirectoryIsCreated() {
        RunConfig config = student(saved(32, 0.25, 7, 1));
        assertThatThrownBy(() -> train(config, "run", false, -1))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("has other classes");
        assertThat(directory.resolve("run")).doesNotExist();
    }
}
