package org.vit4j.bench;

import java.util.Locale;
import org.vit4j.compute.Engine;
import org.vit4j.train.RunConfig;

/** The ways to run a network that a benchmark compares. */
public enum Runner {
    /** Plain SameDiff, see {@link Stock}. */
    STOCK,
    /** The lowering to stock operations, as a static plan. */
    PORTABLE,
    /** The lowering to oneDNN's kernels. */
    ACCELERATED;

    public Contender open(RunConfig config) {
        return switch (this) {
            case STOCK -> new Stock(config);
            case PORTABLE -> new Ours(config, Engine.PORTABLE);
            case ACCELERATED -> new Ours(config, Engine.ACCELERATED);
        };
    }

    /** How it is called in results. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
