package org.vit4j.distributed;

import java.io.Serializable;
import java.util.List;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Dataset;
import org.vit4j.io.RunException;
import org.vit4j.train.GradientRequest;
import org.vit4j.train.GradientWorker;
import org.vit4j.train.RunConfig;

/**
 * What an executor keeps between tasks: the network with its plan, and the opened data. It travels as a Spark broadcast,
 * which each executor holds as one object for as long as the run needs it: so there is one worker a process, without any
 * state of ours that is global. Should Spark drop it, it is made anew: answers do not depend on what was asked before.
 */
final class WorkerBroadcast implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Opens the images to train on, in any process. */
    interface ImageOpener extends Serializable {
        Dataset open(RunConfig config);
    }

    private final String name;
    private final String yaml;
    private final List<String> overrides;
    private final ImageOpener images;
    private transient GradientWorker worker;

    /** @param overrides of the config: what is called otherwise on an executor than here */
    WorkerBroadcast(RunConfig config, List<String> overrides, ImageOpener images) {
        this.name = config.name();
        this.yaml = config.resolved();
        this.overrides = List.copyOf(overrides);
        this.images = images;
    }

    /** Tasks of one executor wait for each other: a plan already uses all cores it may have. */
    synchronized WorkerReply answer(BroadcastWeights weights, GradientRequest work, int part, int parts) {
        try {
            if (worker == null) worker = open();
            return WorkerReply.of(worker.compute(weights.trained(), weights.kept(), work, part, parts));
        } catch (ConfigError | RunException e) {
            return WorkerReply.refused("partition " + (part + 1) + " of " + parts + ": " + e.getMessage());
        }
    }

    private GradientWorker open() {
        RunConfig config = RunConfig.read(Config.parse(yaml, name, overrides));
        return new GradientWorker(config, images.open(config));
    }
}
