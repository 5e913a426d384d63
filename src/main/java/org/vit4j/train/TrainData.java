package org.vit4j.train;

import java.util.List;
import org.vit4j.data.Augment;
import org.vit4j.data.BatchSource;
import org.vit4j.data.Batches;
import org.vit4j.data.DataConfig;
import org.vit4j.data.Split;

/**
 * What a run learns from and is measured on. From Java it may come from anywhere, such as a DL4J {@code
 * DataSetIterator} through {@link org.vit4j.data.Dl4jData#source}.
 *
 * @param training walked through once an epoch
 * @param classes names of the labels 0, 1, ...
 */
public record TrainData(BatchSource training, BatchSource validation, List<String> classes) {
    public TrainData {
        classes = List.copyOf(classes);
    }

    /** The data a config names, opened. */
    public static TrainData open(RunConfig config) {
        DataConfig data = config.data();
        Split split = data.open();
        TrainConfig train = config.train();
        // Whole batches only, as timm trains: a short last one would weigh its images more.
        int batch = Math.min(train.batch(), split.train().size());
        Batches training = new Batches(
                split.train(), data.augment(), data.preprocess(), batch, true, true, train.seed(), data.threads());
        Batches validation = new Batches(
                split.validation(), Augment.NONE, data.preprocess(), train.batch(), false, false, 0, data.threads());
        return new TrainData(training, validation, split.train().classes());
    }
}
