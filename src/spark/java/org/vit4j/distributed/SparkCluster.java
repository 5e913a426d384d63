package org.vit4j.distributed;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.CollectionAccumulator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.data.DataConfig;
import org.vit4j.model.SavedModel;
import org.vit4j.run.DistributedBackend;
import org.vit4j.run.RunConfig;
import org.vit4j.run.TrainData;
import org.vit4j.run.TrainRun;
import org.vit4j.train.Callback;

/** Training and inference on Apache Spark. */
public final class SparkCluster implements DistributedBackend {
    private static final Logger LOG = LoggerFactory.getLogger(SparkCluster.class);

    /** Priority of a hook that runs before Spark's, whose priority is 50. */
    private static final int BEFORE_SPARK = 1000;

    /** Limit of a step and its checkpoint. */
    private static final int STEP_MINUTES = 10;

    @Override
    public TrainRun.RunResult train(
            String master, RunConfig config, Path directory, boolean resume, Callback progress, BooleanSupplier stop) {
        CountDownLatch ended = new CountDownLatch(1);
        try (SparkSession session = SparkSessions.open(master, "vit4j train " + config.name())) {
            stopAfter(ended);
            return train(session, config, directory, resume, progress, stop);
        } finally {
            ended.countDown();
        }
    }

    /** On an interrupt, Spark would stop by a hook of its own while the step in progress still needs it. */
    private static void stopAfter(CountDownLatch ended) {
        Runnable wait = () -> {
            try {
                ended.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
        ShutdownHookManager.get().addShutdownHook(wait, BEFORE_SPARK, STEP_MINUTES, TimeUnit.MINUTES);
    }

    /** Trains with a session of the caller, which stays open. */
    public static TrainRun.RunResult train(
            SparkSession session,
            RunConfig config,
            Path directory,
            boolean resume,
            Callback progress,
            BooleanSupplier stop) {
        SparkData data = SparkData.of(config);
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        int shards = config.train().distributed().executors().orElseGet(() -> SparkSessions.executors(spark));
        LOG.info("{}: {} shards per batch", spark.master(), shards);
        WorkerBroadcast broadcast = new WorkerBroadcast(config, absolutePaths(config), data.images());
        try (SparkWorkers workers = new SparkWorkers(spark, broadcast, shards)) {
            return TrainRun.run(
                    config,
                    TrainData.configured(config, data.split()),
                    directory,
                    resume,
                    progress,
                    stop,
                    Optional.of(workers));
        }
    }

    @Override
    public PredictionSummary predict(
            String master, Path model, List<String> images, String table, boolean stopsAtCorrupt) {
        SavedModel.describe(model); // reports an invalid file before Spark starts
        try (SparkSession session = SparkSessions.open(master, "vit4j predict " + model.getFileName())) {
            return predict(session, model, images, table, stopsAtCorrupt);
        }
    }

    static PredictionSummary predict(
            SparkSession session, Path model, List<String> images, String table, boolean stopsAtCorrupt) {
        CollectionAccumulator<String> unreadable = session.sparkContext().collectionAccumulator("unreadable images");
        SparkPredictor predictor = SparkPredictor.load(session, model);
        SparkPredictor chosen = stopsAtCorrupt ? predictor : predictor.withoutUnreadable(unreadable);
        long count = ImageSources.write(chosen.predict(ImageSources.images(session, images)), table);
        // Spark may run a task twice, which reports its images twice.
        List<String> lines = List.copyOf(new TreeSet<>(unreadable.value()));
        if (count > 0 || lines.isEmpty()) return new PredictionSummary(count, lines);
        ImageSources.remove(table);
        throw new ConfigError(String.join("\n", lines));
    }

    /** Overrides with absolute paths: executors have another working directory and home. */
    private static List<String> absolutePaths(RunConfig config) {
        List<String> overrides = new ArrayList<>();
        DataConfig data = config.data();
        data.path().ifPresent(path -> overrides.add("data.path=" + quoted(path)));
        data.classMap().ifPresent(file -> overrides.add("data.class_map=" + quoted(file)));
        config.train()
                .distill()
                .ifPresent(distill -> overrides.add("train.distill.teacher=" + quoted(distill.teacher())));
        return overrides;
    }

    private static String quoted(Path path) {
        return "'" + path.toAbsolutePath().toString().replace("'", "''") + "'";
    }
}
