package org.vit4j.run;

import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.BooleanSupplier;
import org.vit4j.config.ConfigError;
import org.vit4j.train.Callback;

/**
 * Training and prediction on a cluster. Implementations are found on the class path; builds without Spark have none.
 */
public interface DistributedBackend {
    /**
     * Finds the implementation of this build.
     *
     * @throws ConfigError if there is none
     */
    static DistributedBackend find() {
        return ServiceLoader.load(DistributedBackend.class)
                .findFirst()
                .orElseThrow(
                        () -> new ConfigError("--spark: this build of vit4j has no Spark; run ./vit4j from a checkout,"
                                + " or spark-submit with vit4j-spark.jar (mvn -Pspark package)"));
    }

    /**
     * Trains like {@link TrainRun#run}, with gradients computed on the cluster. Weights, checkpoints and validation
     * stay in this process.
     *
     * @param master Spark master URL such as {@code local[2]} or {@code spark://host:7077}; empty if spark-submit
     *     started this process and sets it
     */
    TrainRun.RunResult train(
            String master, RunConfig config, Path directory, boolean resume, Callback progress, BooleanSupplier stop);

    /**
     * Result of {@link #predict}.
     *
     * @param images number of rows of the table
     * @param unreadable one line for each image that cannot be read and is therefore missing from the table
     */
    record PredictionSummary(long images, List<String> unreadable) {
        public PredictionSummary {
            unreadable = List.copyOf(unreadable);
        }
    }

    /**
     * Classifies images and writes a Parquet table with the columns {@code path, label, index, probability, logits}.
     *
     * @param images files and directories on any file system that the cluster can read
     * @param table must not exist
     * @param stopsAtCorrupt true to end at the first image that cannot be read
     * @throws ConfigError if none of the images can be read
     */
    PredictionSummary predict(String master, Path model, List<String> images, String table, boolean stopsAtCorrupt);
}
