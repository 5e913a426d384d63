package org.vit4j.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;
import org.vit4j.data.DataConfig;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.PixelBuffers;
import org.vit4j.data.transforms.AugmentConfig;
import org.vit4j.data.transforms.HorizontalFlip;
import org.vit4j.data.transforms.RandomResizedCrop;
import org.vit4j.data.transforms.Transform;

/**
 * Images per second that one core loads, by CPU time of one thread.
 *
 * @param decode reading and decoding
 * @param evaluation transform of evaluation, without decoding
 * @param augmentation the config's own transforms of training images and normalization, without decoding
 */
public record DataRates(double decode, double evaluation, double augmentation) {
    /** Number of images that are kept decoded for the transforms. */
    private static final int IMAGES = 64;

    private static final double SECONDS = 1;

    /** Measures after a warm-up. */
    static DataRates measure(Dataset images, DataConfig data) {
        Work work = new Work(images, data);
        for (Stage stage : Stage.values()) work.run(stage, SECONDS);
        return new DataRates(
                work.run(Stage.DECODE, SECONDS).rate(),
                work.run(Stage.EVAL, SECONDS).rate(),
                work.run(Stage.AUGMENT, SECONDS).rate());
    }

    /** Parts of the input pipeline. */
    enum Stage {
        DECODE,
        EVAL,
        /** The random resized crops and flips of the augmentation. */
        CROP,
        AUGMENT
    }

    /** Images, and the CPU seconds of the thread that processed them. */
    record StageTime(int images, double seconds) {
        double rate() {
            return images / seconds;
        }
    }

    /** A dataset, with some decoded images. */
    static final class Work {
        private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        private final Dataset dataset;
        private final DataConfig data;
        private final List<Image> decoded = new ArrayList<>();
        private final SplittableRandom random = new SplittableRandom(1);
        private final float[] values;

        Work(Dataset dataset, DataConfig data) {
            this.dataset = dataset;
            this.data = data;
            Preprocessing preprocess = data.preprocess();
            values = new float[preprocess.height() * preprocess.width() * preprocess.channels()];
            for (int i = 0; i < Math.min(IMAGES, dataset.size()); i++) decoded.add(dataset.image(i));
        }

        /** Runs a stage on one image after the other for some CPU seconds. */
        StageTime run(Stage stage, double seconds) {
            return switch (stage) {
                case DECODE -> timed(dataset.size(), seconds, dataset::image);
                case EVAL ->
                    timed(decoded.size(), seconds, i -> data.preprocess().apply(decoded.get(i), values, 0));
                case CROP -> timed(decoded.size(), seconds, i -> augment(i, crops(data.augment())));
                case AUGMENT -> timed(decoded.size(), seconds, i -> augment(i, data.augment()));
            };
        }

        private static AugmentConfig crops(AugmentConfig all) {
            List<Transform> crops = all.transforms().stream()
                    .filter(t -> t instanceof RandomResizedCrop || t instanceof HorizontalFlip)
                    .toList();
            return AugmentConfig.of(crops);
        }

        private void augment(int index, AugmentConfig augment) {
            Image image = decoded.get(index).withChannels(data.preprocess().channels());
            for (Transform transform : augment.transforms()) image = transform.apply(image, random);
            Preprocessing preprocess = data.preprocess();
            preprocess.apply(image, values, 0);
            augment.erasing().ifPresent(e -> e.apply(values, preprocess.height(), preprocess.width(), random));
        }

        private StageTime timed(int images, double seconds, IntConsumer work) {
            long start = threads.getCurrentThreadCpuTime();
            long end = start + (long) (1e9 * seconds);
            int count = 0;
            long now;
            do {
                PixelBuffers buffers = PixelBuffers.open(); // as the loader
                work.accept(count++ % images);
                buffers.close();
            } while ((now = threads.getCurrentThreadCpuTime()) < end);
            return new StageTime(count, (now - start) / 1e9);
        }
    }
}
