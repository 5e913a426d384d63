package org.vit4j.distributed;

import java.io.Serializable;
import java.util.List;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Dataset;
import org.vit4j.io.Failure;
import org.vit4j.train.RunConfig;
import org.vit4j.train.Work;
import org.vit4j.train.Worker;

/**
 * What an executor keeps between tasks: the network with its plan, and the opened data. It travels as a Spark broadcast,
 * which each executor holds as one object for as long as the run needs it: so there is one worker a process, without any
 * state of ours that is global. Should Spark drop it, it is made anew: answers do not depend on what was asked before.
 */
final class Workshop implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Opens the images to train on, in any process. */
    interface Images extends Serializable {
        Dataset open(RunConfig config);
    }

    private final String name;
    private final String yaml;
    private final List<String> overrides;
    private final Images images;
    private transient Worker worker;

    /** @param overrides of the config: what is called otherwise on an executor than here */
    Workshop(RunConfig config, List<String> overrides, Images images) {
        this.name = config.name();
        this.yaml = config.resolved();
        this.overrides = List.copyOf(overrides);
        this.images = images;
    }

    /** Tasks of one executor wait for each other: a plan already uses all cores it may have. */
    synchronized Parcel answer(Weights weights, Work work, int part, int parts) {
        try {
            if (worker == null) worker = open();
            return Parcel.of(worker.answer(weights.trained(), weights.kept(), work, part, parts));
        } catch (ConfigError | Failure e) {
            return Parcel.refused("partition " + (part + 1) + " of " + parts + ": " + e.getMessage());
        }
    }

    private Worker open() {
        RunConfig config = RunConfig.read(Config.parse(yaml, name, overrides));
        return new Worker(config, images.open(config));
    }
}
