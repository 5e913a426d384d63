package org.vit4j.train;

import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.BooleanSupplier;
import org.vit4j.config.ConfigError;

/** Many machines. What they are made of is found on the class path: builds without it know none. */
public interface DistributedBackend {
    /**
     * The one this build knows.
     *
     * @throws ConfigError when it knows none
     */
    static DistributedBackend find() {
        return ServiceLoader.load(DistributedBackend.class)
                .findFirst()
                .orElseThrow(() -> new ConfigError("--spark: this build of vit4j has no Spark; start it by ./vit4j of a"
                        + " checkout, or by spark-submit with vit4j-spark.jar (mvn -Pspark package)"));
    }

    /**
     * Trains as {@link TrainRun#run} does, with gradients from everywhere. Weights, checkpoints and validation stay here.
     *
     * @param master where, in Spark's words: {@code local[2]}, {@code spark://host:7077}; empty when this process was started
     *     by spark-submit, which knows
     */
    TrainRun.RunResult train(
            String master,
            RunConfig config,
            Path directory,
            boolean resume,
            Trainer.TrainListener progress,
            BooleanSupplier stop);

    /**
     * Result of {@link #predict}.
     *
     * @param images rows of the table
     * @param unreadable a line for each image that cannot be read and is not in the table
     */
    record Predicted(long images, List<String> unreadable) {
        public Predicted {
            unreadable = List.copyOf(unreadable);
        }
    }

    /**
     * Classifies images, and writes a Parquet table with the columns {@code path, label, index, probability, logits}.
     *
     * @param pictures files and directories, on any file system the cluster reads
     * @param table must not exist
     * @param stopsAtCorrupt true to end at the first image that cannot be read
     * @throws ConfigError when none of the images can be read
     */
    Predicted predict(String master, Path model, List<String> pictures, String table, boolean stopsAtCorrupt);
}
