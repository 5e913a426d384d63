package org.vit4j.train;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.image.Image;
import org.vit4j.model.SavedModel;

/**
 * Saved model whose logits are distillation targets. Converts the augmented images of the student to the size, channels
 * and normalization of the teacher.
 */
public final class TeacherModel implements AutoCloseable {
    private final Path file;
    private final SavedModel model;
    private final Preprocessing studentPreprocessing;
    private final Preprocessing teacherPreprocessing;

    private TeacherModel(Path file, SavedModel model, Preprocessing studentPreprocessing) {
        this.file = file;
        this.model = model;
        this.studentPreprocessing = studentPreprocessing;
        Preprocessing p = model.description().preprocess();
        // Crop fraction 1: the images of the student are already cropped.
        this.teacherPreprocessing =
                new Preprocessing(p.height(), p.width(), p.channels(), 1, p.interpolation(), p.mean(), p.std());
    }

    /**
     * Opens a teacher.
     *
     * @param config name of the config, for messages
     * @param studentPreprocessing preprocessing of the student
     * @throws ConfigError if the file is missing or the model has other classes or several labels per image
     */
    public static TeacherModel load(
            Path file, String config, List<String> classes, Preprocessing studentPreprocessing) {
        String key = config + ": train.distill.teacher: ";
        if (!Files.isRegularFile(file)) {
            throw new ConfigError(
                    key + file + ": there is no such file; train the teacher first, or use another model.keras");
        }
        SavedModel model = open(file, key);
        List<String> teacherClasses = model.description().classes();
        if (model.description().multiLabel()) {
            model.close();
            throw new ConfigError(key + file
                    + ": was trained on images with several labels; expected a model of one label per image");
        }
        if (teacherClasses.equals(classes)) return new TeacherModel(file, model, studentPreprocessing);
        model.close();
        throw new ConfigError(key + file + ": has other classes (" + shown(teacherClasses) + ") than the data ("
                + shown(classes) + "); they must be equal and in the same order");
    }

    private static SavedModel open(Path file, String key) {
        try {
            return SavedModel.load(file);
        } catch (ConfigError e) {
            throw new ConfigError(key + e.getMessage(), e);
        }
    }

    private static String shown(List<String> classes) {
        String first = String.join(", ", classes.subList(0, Math.min(classes.size(), 5)));
        return classes.size() + ": " + first + (classes.size() > 5 ? ", ..." : "");
    }

    public Path file() {
        return file;
    }

    /** Logits for images preprocessed for the student, [B, H, W, C] -> [B, K]. */
    INDArray logits(INDArray images) {
        INDArray logits = model.inference().logits(toTeacherInput(images).castTo(DataType.FLOAT));
        return logits.castTo(images.dataType());
    }

    /** Converts images from student to teacher preprocessing; returns the same array if both are equal. */
    INDArray toTeacherInput(INDArray images) {
        if (sameInput()) return images;
        int batch = (int) images.size(0);
        int from = studentPreprocessing.height() * studentPreprocessing.width() * studentPreprocessing.channels();
        int to = teacherPreprocessing.height() * teacherPreprocessing.width() * teacherPreprocessing.channels();
        float[] source = images.dup('c').data().asFloat();
        float[] prepared = new float[Math.multiplyExact(batch, to)];
        for (int i = 0; i < batch; i++) {
            Image image = studentPreprocessing.denormalize(Arrays.copyOfRange(source, i * from, (i + 1) * from));
            System.arraycopy(teacherPreprocessing.apply(image), 0, prepared, i * to, to);
        }
        return Nd4j.createFromArray(prepared)
                .reshape(
                        'c',
                        batch,
                        teacherPreprocessing.height(),
                        teacherPreprocessing.width(),
                        teacherPreprocessing.channels());
    }

    private boolean sameInput() {
        return teacherPreprocessing.height() == studentPreprocessing.height()
                && teacherPreprocessing.width() == studentPreprocessing.width()
                && teacherPreprocessing.channels() == studentPreprocessing.channels()
                && teacherPreprocessing.mean().equals(studentPreprocessing.mean())
                && teacherPreprocessing.std().equals(studentPreprocessing.std());
    }

    @Override
    public void close() {
        model.close();
    }
}
