package org.vit4j.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.awt.image.BufferedImage;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.config.Config;
import org.vit4j.config.Section;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.EncodedImages;
import org.vit4j.data.datasets.OnCorrupt;
import org.vit4j.data.image.ImageFile;
import org.vit4j.data.image.TestImages;
import org.vit4j.data.transforms.AugmentConfig;
import org.vit4j.data.transforms.AugmentReader;
import org.vit4j.metrics.Evaluator;
import org.vit4j.metrics.WorstMistakes;

/** Bytes that the heap gets per image in steady state. An image of 500x375 has 562,500. */
class AllocationTest {
    private static final int BATCH = 8;
    private static final Preprocessing IMAGENET = DatasetDefaults.of(DataConfig.DatasetType.IMAGE_FOLDER, 224, 224, 3);
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Every pointwise operation, with the others of the DeiT recipe. */
    private static final List<String> RECIPES = List.of(
            "[]",
            "[{name: random_resized_crop}, horizontal_flip]",
            "[{name: random_resized_crop}, horizontal_flip, {name: randaugment, policy: rand-m9-n3-p1-inc1},"
                    + " {name: random_erasing, p: 1}]");

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void loadingAllocatesLittle(int recipe) {
        DataLoader loader =
                new DataLoader(photographs(64), augment(RECIPES.get(recipe)), IMAGENET, BATCH, false, true, 0, 1);
        try (BatchIterator epoch = loader.epoch(0, 0)) {
            for (int i = 0; i < 4; i++) epoch.release(epoch.next());
            long before = allocatedByLoaders();
            int images = 0;
            while (images < 24) {
                Batch batch = epoch.next();
                images += batch.size();
                epoch.release(batch);
            }
            // The loader is up to two batches ahead.
            assertThat((allocatedByLoaders() - before) / images).isLessThan(60_000);
        }
    }

    @Test
    void evaluationAllocatesLittle() {
        DataLoader loader = new DataLoader(photographs(64), AugmentConfig.NONE, IMAGENET, BATCH, false, true, 0, 1);
        UnaryOperator<INDArray> network = images -> Nd4j.ones(images.size(0), 3);
        List<String> classes = List.of("a", "b", "c");
        long[] allocated = new long[3];
        for (int i = 0; i < allocated.length; i++) {
            long before = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
            Evaluator.evaluate(network, loader, classes, new WorstMistakes(0), List.of());
            allocated[i] =
                    THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
        }
        assertThat(allocated[2] / 64).isLessThan(40_000); // an image of the batch has 602,112
    }

    @Test
    void mixingAllocatesLittle() {
        Mixup mixup = new Mixup(0.8, 1, Optional.empty(), 1, 0.5, Mixup.MixupMode.ELEM, 0);
        Batch batch = new Batch(BATCH, 64, 64, 3, new float[BATCH * 64 * 64 * 3], new int[BATCH], new int[BATCH]);
        float[] reused = {};
        long before = 0;
        for (int i = 0; i < 20; i++) {
            if (i == 10)
                before = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
            reused = mixup.apply(batch, BatchShard.all(BATCH), 0, 0, i, reused)
                    .batch()
                    .images();
        }
        long allocated = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
        assertThat(allocated / (10 * BATCH)).isLessThan(4_000); // an image has 49,152
    }

    private static AugmentConfig augment(String list) {
        Section section = Config.parse("augment: " + list, "test.yaml").root();
        return AugmentReader.read(section, IMAGENET.transformDefaults()).orElseThrow();
    }

    /** Bytes allocated by all threads of loaders. */
    private static long allocatedByLoaders() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("vit4j-data"))
                .mapToLong(thread -> THREADS.getThreadAllocatedBytes(thread.getId()))
                .sum();
    }

    private static Dataset photographs(int count) {
        Random random = new Random(1);
        var image = new BufferedImage(500, 375, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < 375; y++) for (int x = 0; x < 500; x++) image.setRGB(x, y, x * y + random.nextInt(20));
        byte[] file = TestImages.encode(image, "jpeg");
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) names.add("image " + i);
        return new EncodedImages(
                "photographs",
                names,
                Collections.nCopies(count, 0),
                List.of("a", "b", "c"),
                i -> ImageFile.read(file, names.get(i), 3),
                OnCorrupt.FAIL);
    }
}
