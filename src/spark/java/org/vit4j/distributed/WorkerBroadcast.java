package org.vit4j.distributed;

import java.io.Serializable;
import java.util.List;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.io.RunException;
import org.vit4j.run.RunConfig;
import org.vit4j.run.TrainRun;
import org.vit4j.train.GradientRequest;
import org.vit4j.train.GradientWorker;

/**
 * State of an executor between tasks: the network with its plan, and the opened data. It is sent as a Spark broadcast,
 * which each executor holds as one object during the run. So there is one worker per process without global state. If
 * Spark drops the object, the worker is created again: replies do not depend on earlier requests.
 */
final class WorkerBroadcast implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Opens the training images, in any process. */
    interface ImageOpener extends Serializable {
        Dataset open(RunConfig config);
    }

    private final String name;
    private final String yaml;
    private final List<String> overrides;
    private final ImageOpener images;
    private transient GradientWorker worker;

    /** @param overrides of the config for executors, such as absolute paths */
    WorkerBroadcast(RunConfig config, List<String> overrides, ImageOpener images) {
        this.name = config.name();
        this.yaml = config.resolved();
        this.overrides = List.copyOf(overrides);
        this.images = images;
    }

    /** Computes one shard. Tasks of one executor run one after another: a plan already uses all its cores. */
    synchronized WorkerReply compute(BroadcastWeights weights, GradientRequest request, int shard, int shards) {
        try {
            if (worker == null) worker = open();
            return WorkerReply.of(worker.compute(weights.trainable(), weights.buffers(), request, shard, shards));
        } catch (ConfigError | RunException e) {
            return WorkerReply.failed("partition " + (shard + 1) + " of " + shards + ": " + e.getMessage());
        }
    }

    private GradientWorker open() {
        RunConfig config = RunConfig.read(Config.parse(yaml, name, overrides));
        return TrainRun.worker(config, images.open(config));
    }
}
