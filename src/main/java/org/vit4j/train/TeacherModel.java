package org.vit4j.train;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Image;
import org.vit4j.data.Preprocessing;
import org.vit4j.model.SavedModel;

/**
 * A saved model that says what it thinks of the pictures a student is shown: the same ones, augmentation included, in
 * its own size, channels and normalization.
 */
final class TeacherModel implements AutoCloseable {
    private final Path file;
    private final SavedModel model;
    private final Preprocessing student;
    private final Preprocessing own;

    private TeacherModel(Path file, SavedModel model, Preprocessing student) {
        this.file = file;
        this.model = model;
        this.student = student;
        Preprocessing p = model.description().preprocess();
        // What the student sees is a part of the picture already: its edges are not cut off once more.
        this.own = new Preprocessing(p.height(), p.width(), p.channels(), 1, p.interpolation(), p.mean(), p.std());
    }

    /**
     * Opens a teacher.
     *
     * @param config names the config in messages
     * @param student how pictures are prepared for the student
     * @throws ConfigError when there is no such model, or it knows other classes
     */
    static TeacherModel load(Path file, String config, List<String> classes, Preprocessing student) {
        String key = config + ": train.distill.teacher: ";
        if (!Files.isRegularFile(file)) {
            throw new ConfigError(
                    key + file + ": there is no such file; train the teacher first, or name another model.keras");
        }
        SavedModel model = open(file, key);
        List<String> taught = model.description().classes();
        if (taught.equals(classes)) return new TeacherModel(file, model, student);
        model.close();
        throw new ConfigError(key + file + ": knows other classes (" + shown(taught) + ") than the data has ("
                + shown(classes) + "); they must be the same, in the same order");
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

    Path file() {
        return file;
    }

    /** Images as the student sees them, [B, H, W, C] -> [B, K]. */
    INDArray logits(INDArray images) {
        INDArray logits = model.inference().logits(images(images).castTo(DataType.FLOAT));
        return logits.castTo(images.dataType());
    }

    /** The student's images as the teacher wants them; the very same where nothing has to be done. */
    INDArray images(INDArray images) {
        if (sameInput()) return images;
        int batch = (int) images.size(0);
        int from = student.height() * student.width() * student.channels();
        int to = own.height() * own.width() * own.channels();
        float[] given = images.dup('c').data().asFloat();
        float[] prepared = new float[Math.multiplyExact(batch, to)];
        for (int i = 0; i < batch; i++) {
            Image picture = student.denormalize(java.util.Arrays.copyOfRange(given, i * from, (i + 1) * from));
            System.arraycopy(own.apply(picture), 0, prepared, i * to, to);
        }
        return Nd4j.createFromArray(prepared).reshape('c', batch, own.height(), own.width(), own.channels());
    }

    private boolean sameInput() {
        return own.height() == student.height()
                && own.width() == student.width()
                && own.channels() == student.channels()
                && own.mean().equals(student.mean())
                && own.std().equals(student.std());
    }

    @Override
    public void close() {
        model.close();
    }
}
