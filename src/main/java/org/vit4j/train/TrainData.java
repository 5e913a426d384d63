package org.vit4j.train;

import java.util.List;
import org.vit4j.data.AugmentConfig;
import org.vit4j.data.BatchSource;
import org.vit4j.data.DataConfig;
import org.vit4j.data.DataLoader;
import org.vit4j.data.Dataset;
import org.vit4j.data.DatasetSplits;

/**
 * What a run learns from and is measured on. From Java it may come from anywhere, such as a DL4J {@code
 * DataSetIterator} through {@link org.vit4j.data.Dl4jData#source}.
 *
 * @param training walked through once an epoch
 * @param classes names of the labels 0, 1, ...
 * @param configured true for the data that the config of the run names; of all others the run records {@code dataset: custom}
 */
public record TrainData(BatchSource training, BatchSource validation, List<String> classes, boolean configured) {
    public TrainData {
        classes = List.copyOf(classes);
    }

    /** Data of the caller's own. */
    public TrainData(BatchSource training, BatchSource validation, List<String> classes) {
        this(training, validation, classes, false);
    }

    /** The data a config names, opened. */
    public static TrainData open(RunConfig config) {
        return configured(config, config.data().open());
    }

    /** The data a config names, opened by the caller, such as from a file system that only the caller reads. */
    public static TrainData configured(RunConfig config, DatasetSplits split) {
        TrainData data = of(config, split);
        return new TrainData(data.training, data.validation, data.classes, true);
    }

    /** Images of the caller's own; augmentation, preprocessing and batches are those of the config. */
    public static TrainData of(RunConfig config, DatasetSplits split) {
        DataConfig data = config.data();
        DataLoader validation = new DataLoader(
                split.validation(),
                AugmentConfig.NONE,
                data.preprocess(),
                config.train().batch(),
                false,
                false,
                0,
                data.threads());
        return new TrainData(
                training(config, split.train()), validation, split.train().classes());
    }

    /** The batches of a run, of which each epoch has all in an order of its own. */
    static DataLoader training(RunConfig config, Dataset images) {
        DataConfig data = config.data();
        TrainConfig train = config.train();
        int batch = Math.min(train.batch(), images.size());
        return new DataLoader(
                images, data.augment(), data.preprocess(), batch, true, train.dropLast(), train.seed(), data.threads());
    }
}
