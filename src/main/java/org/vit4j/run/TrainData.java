package org.vit4j.run;

import java.util.List;
import org.vit4j.data.BatchSource;
import org.vit4j.data.DataConfig;
import org.vit4j.data.DataLoader;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.DatasetSplits;
import org.vit4j.data.transforms.AugmentConfig;
import org.vit4j.train.TrainConfig;

/**
 * Training and validation data of a run. Java programs can supply their own, for example a DL4J {@code DataSetIterator}
 * through {@link org.vit4j.data.Dl4jData#source}.
 *
 * @param training iterated once per epoch
 * @param classes names of the labels 0, 1, ...
 * @param configured true for the dataset of the config; for other data the run records {@code dataset: custom}
 */
public record TrainData(BatchSource training, BatchSource validation, List<String> classes, boolean configured) {
    public TrainData {
        classes = List.copyOf(classes);
    }

    /** Custom data of the caller. */
    public TrainData(BatchSource training, BatchSource validation, List<String> classes) {
        this(training, validation, classes, false);
    }

    /** Opens the dataset of a config. */
    public static TrainData open(RunConfig config) {
        return configured(config, config.data().open());
    }

    /** Dataset of a config that the caller has opened, for example from a file system only the caller can read. */
    public static TrainData configured(RunConfig config, DatasetSplits split) {
        TrainData data = of(config, split);
        return new TrainData(data.training, data.validation, data.classes, true);
    }

    /** Custom images of the caller, with augmentation, preprocessing and batch size of the config. */
    public static TrainData of(RunConfig config, DatasetSplits split) {
        DataConfig data = config.data();
        DataLoader validation = new DataLoader(
                split.validation(),
                AugmentConfig.NONE,
                data.preprocess(),
                config.train().validationBatch(),
                false,
                false,
                0,
                config.train().loadThreads());
        return new TrainData(
                training(config, split.train()), validation, split.train().classes());
    }

    /** Training batches, shuffled differently in each epoch. */
    static DataLoader training(RunConfig config, Dataset images) {
        DataConfig data = config.data();
        TrainConfig train = config.train();
        int batch = Math.min(train.batch(), images.size());
        return new DataLoader(
                images,
                data.augment(),
                data.preprocess(),
                batch,
                true,
                train.dropLast(),
                train.seed(),
                train.loadThreads());
    }
}
