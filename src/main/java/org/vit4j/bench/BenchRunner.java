package org.vit4j.bench;

import java.util.Locale;
import org.vit4j.backend.Backend;
import org.vit4j.train.RunConfig;

/** The ways to run a network that a benchmark compares. */
public enum BenchRunner {
    /** Plain SameDiff, see {@link PlainSameDiffSubject}. */
    PLAIN,
    /** The lowering to stock operations, as a static plan. */
    SAMEDIFF,
    /** The lowering to oneDNN's kernels. */
    ONEDNN;

    public Subject open(RunConfig config) {
        return switch (this) {
            case PLAIN -> new PlainSameDiffSubject(config);
            case SAMEDIFF -> new Vit4jSubject(config, Backend.SAMEDIFF);
            case ONEDNN -> new Vit4jSubject(config, Backend.ONEDNN);
        };
    }

    /** How it is called in results. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
