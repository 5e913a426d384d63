package org.vit4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.checkpoint.Npy;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.config.ConfigError;
import org.vit4j.model.BatchOutputs;
import org.vit4j.model.SavedModel;
import org.vit4j.model.TestTimeAugmentation;
import org.vit4j.models.ImageSpec;

/** Predicts images and arrays in batches, in order. */
final class ImagePredictor {
    /**
     * Options of a prediction.
     *
     * @param top predictions per image
     * @param threshold probability above which classes are listed as labels
     * @param batch images that the network computes at a time
     * @param workers threads that read images
     */
    record PredictOptions(
            int top,
            OptionalDouble threshold,
            boolean logits,
            boolean features,
            TestTimeAugmentation tta,
            int batch,
            int workers,
            long maxPixels) {
        /** Images per batch, so that all views of a batch are at most {@code batch}. */
        int imagesPerBatch() {
            return Math.max(1, batch / tta.views());
        }
    }

    private final SavedModel model;
    private final PredictOptions options;
    private final PredictionWriter writer;
    private final BatchProgress progress;
    private final ImageSpec spec;
    private final List<String> paths = new ArrayList<>(); // of the batch
    private final List<float[]> views = new ArrayList<>(); // of each image, [V, H, W, C]
    private int notFinite;

    ImagePredictor(SavedModel model, PredictOptions options, PredictionWriter writer, BatchProgress progress) {
        this.model = model;
        this.options = options;
        this.writer = writer;
        this.progress = progress;
        this.spec = model.description().model().image();
    }

    /** Returns the number of images and arrays whose logits are not all finite. */
    int predict(List<PredictInput> inputs, UnreadableInputs unreadable) {
        int ahead = options.workers() + options.imagesPerBatch();
        try (var images = new Prefetcher<>(inputs, this::prepare, options.workers(), ahead)) {
            for (PredictInput input : inputs) {
                try {
                    Optional<float[]> prepared = images.next();
                    if (prepared.isPresent()) add(input.path(), prepared.get());
                    else if (input instanceof PredictInput.FileInput array) predictArray(array.file());
                } catch (ConfigError e) {
                    unreadable.add(e, this::flush);
                }
            }
        }
        flush();
        return notFinite;
    }

    /** Reads and preprocesses an image; empty for an array. The decoded image, which may be large, is not retained. */
    private Optional<float[]> prepare(PredictInput input) {
        if (input instanceof PredictInput.FileInput file && file.isArray()) return Optional.empty();
        var image = input.read(spec.channels(), options.maxPixels());
        return Optional.of(options.tta().apply(model.description().preprocess(), image));
    }

    private void add(String path, float[] prepared) {
        paths.add(path);
        views.add(prepared);
        if (paths.size() == options.imagesPerBatch()) flush();
    }

    /** Predicts the images of an incomplete batch. */
    private void flush() {
        if (paths.isEmpty()) return;
        int size = views.get(0).length;
        float[] values = new float[Math.multiplyExact(paths.size(), size)];
        for (int i = 0; i < paths.size(); i++) System.arraycopy(views.get(i), 0, values, i * size, size);
        write(List.copyOf(paths), values, options.tta().views());
        paths.clear();
        views.clear();
    }

    private void predictArray(Path npy) {
        if (options.tta() != TestTimeAugmentation.NONE)
            throw new ConfigError(npy + ": --tta requires images; this file is already preprocessed");
        SafeTensors.NamedValues array = readNpy(npy);
        flush();
        int count = array.shape()[0];
        int size = array.values().length / count;
        for (int from = 0; from < count; from += options.batch()) {
            int to = Math.min(count, from + options.batch());
            float[] rows = Arrays.copyOfRange(array.values(), from * size, to * size);
            write(Collections.nCopies(to - from, npy.toString()), channelsLast(rows, size), 1);
        }
    }

    private SafeTensors.NamedValues readNpy(Path npy) {
        SafeTensors.NamedValues array = Npy.read(npy);
        int[] s = array.shape();
        if (s.length != 4 || s[1] != spec.channels() || s[2] != spec.height() || s[3] != spec.width() || s[0] < 1) {
            throw new ConfigError(npy + ": expected [N, " + spec.channels() + ", " + spec.height() + ", " + spec.width()
                    + "], got " + Arrays.toString(s));
        }
        for (float value : array.values())
            if (!Float.isFinite(value)) throw new ConfigError(npy + ": contains " + value + "; expected finite pixels");
        return array;
    }

    /** [N, C, H, W] -> [N, H, W, C] */
    private float[] channelsLast(float[] images, int size) {
        int channels = spec.channels();
        int area = size / channels;
        float[] out = new float[images.length];
        for (int i = 0; i < images.length; i++) {
            int image = i / size;
            int channel = i % size / area;
            out[image * size + i % area * channels + channel] = images[i];
        }
        return out;
    }

    /** @param values [N * V, H, W, C] */
    private void write(List<String> of, float[] values, int viewCount) {
        long[] shape = {(long) of.size() * viewCount, spec.height(), spec.width(), spec.channels()};
        try (INDArray images = Nd4j.create(values, shape, 'c')) {
            BatchOutputs outputs = BatchOutputs.of(model, images, options.features());
            for (int i = 0; i < of.size(); i++) {
                int from = i * viewCount;
                float[][] rows = Arrays.copyOfRange(outputs.logits(), from, from + viewCount);
                if (!isFinite(rows)) notFinite++;
                Optional<float[]> features =
                        outputs.features().map(all -> mean(Arrays.copyOfRange(all, from, from + viewCount)));
                writer.write(new PredictedImage(
                        of.get(i),
                        model.top(rows, options.top()),
                        options.threshold().isPresent()
                                ? Optional.of(
                                        model.above(rows, options.threshold().getAsDouble()))
                                : Optional.empty(),
                        options.logits() ? Optional.of(rows[0]) : Optional.empty(),
                        features));
            }
        }
        progress.add(of.size());
    }

    private static boolean isFinite(float[][] rows) {
        for (float[] row : rows) for (float value : row) if (!Float.isFinite(value)) return false;
        return true;
    }

    /** Mean of the rows. */
    private static float[] mean(float[][] rows) {
        if (rows.length == 1) return rows[0];
        float[] mean = new float[rows[0].length];
        for (float[] row : rows) for (int d = 0; d < mean.length; d++) mean[d] += row[d] / rows.length;
        return mean;
    }
}
