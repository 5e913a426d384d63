package org.vit4j.bench;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.IntStream;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;
import org.vit4j.data.DataConfig;
import org.vit4j.models.ImageSpec;
import org.vit4j.run.RunConfig;
import org.vit4j.run.TrainData;

/** Endless training batches: of the config's dataset, or the same random batch if it names none. */
final class BenchData implements AutoCloseable {
    private final String name;
    private final Batch random;
    private final Optional<BatchSource> source;
    private final Optional<DataConfig> config;
    private BatchIterator epoch;
    private int epochs;

    private BenchData(String name, Batch random, Optional<BatchSource> source, Optional<DataConfig> config) {
        this.name = name;
        this.random = random;
        this.source = source;
        this.config = config;
    }

    static BenchData of(RunConfig config) {
        DataConfig data = config.data();
        Batch random = random(config, config.train().batch());
        boolean named =
                data.dataset() == DataConfig.DatasetType.DIGITS || data.path().isPresent();
        if (!named) return new BenchData("random", random, Optional.empty(), Optional.empty());
        TrainData opened = TrainData.open(config);
        int classes = opened.classes().size();
        if (classes != config.model().classes()) {
            throw new ConfigError(
                    config.name() + ": model.classes (" + config.model().classes() + ") must equal the " + classes
                            + " classes of the data; set model.classes=" + classes);
        }
        return new BenchData(data.dataset().word(), random, Optional.of(opened.training()), Optional.of(data));
    }

    /** A batch of noise with random labels; deterministic by the config's seed. */
    static Batch random(RunConfig config, int size) {
        ImageSpec image = config.model().image();
        Random random = new Random(config.train().seed());
        float[] pixels = new float[size * image.height() * image.width() * image.channels()];
        for (int i = 0; i < pixels.length; i++) pixels[i] = (float) random.nextGaussian();
        int[] labels = random.ints(size, 0, config.model().classes()).toArray();
        int[] indices = IntStream.range(0, size).toArray();
        return new Batch(size, image.height(), image.width(), image.channels(), pixels, labels, indices);
    }

    /** {@code random}, or the dataset's config word. */
    String name() {
        return name;
    }

    Batch next() {
        if (source.isEmpty()) return random;
        if (epoch == null || !epoch.hasNext()) {
            close();
            epoch = source.get().epoch(epochs++, 0);
        }
        return epoch.next();
    }

    /** Images per second of data loading alone; empty for random data, which needs no loading. */
    OptionalDouble imagesPerSecond(int batches) {
        if (source.isEmpty()) return OptionalDouble.empty();
        int[] images = {0};
        double seconds = Stopwatch.seconds(() -> {
            for (int i = 0; i < batches; i++) images[0] += next().size();
        });
        return OptionalDouble.of(images[0] / seconds);
    }

    /** Images per second that one core loads; empty for random data. */
    Optional<DataRates> rates() {
        return config.map(data -> DataRates.measure(data.open().train(), data));
    }

    @Override
    public void close() {
        if (epoch != null) epoch.close();
        epoch = null;
    }
}
