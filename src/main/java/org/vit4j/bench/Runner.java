package org.vit4j.bench;

import java.util.Locale;
import org.vit4j.train.RunConfig;

/** The ways to run a network that a benchmark compares. */
public enum Runner {
    /** Plain SameDiff, see {@link Stock}. */
    STOCK,
    /** The lowering to stock operations, on memory that is used again, see {@link Portable}. */
    PORTABLE;

    public Contender open(RunConfig config) {
        return switch (this) {
            case STOCK -> new Stock(config);
            case PORTABLE -> new Portable(config);
        };
    }

    /** How it is called in results. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
