package org.vit4j.bench;

import java.util.List;
import java.util.Locale;
import org.vit4j.backend.Backend;
import org.vit4j.config.ConfigError;
import org.vit4j.config.LegacyKeys;
import org.vit4j.run.RunConfig;

/** The ways to run a network that a benchmark compares. */
public enum BenchRunner {
    /** ND4J's own session, memory manager and updater, see {@link PlainSameDiffSubject}. */
    PLAIN,
    /** The SameDiff backend. */
    SAMEDIFF,
    /** The oneDNN backend. */
    ONEDNN,
    /** The libtorch backend on the device of the config; only where it is named. */
    TORCH;

    /** The runners that are compared unless others are named. */
    public static final List<BenchRunner> DEFAULT = List.of(PLAIN, SAMEDIFF, ONEDNN);

    /**
     * Parses a runner name in any case; also the earlier names stock, portable and accelerated.
     *
     * @throws ConfigError if there is no such runner
     */
    public static BenchRunner of(String name) {
        return switch (LegacyKeys.currentValue("train.backend", name.toLowerCase(Locale.ROOT))) {
            case "plain", "stock" -> PLAIN;
            case "samediff" -> SAMEDIFF;
            case "onednn" -> ONEDNN;
            case "torch" -> TORCH;
            default -> throw new ConfigError("unknown runner '" + name + "'; known: plain, samediff, onednn, torch");
        };
    }

    /** Loads the network of a config. */
    public Subject open(RunConfig config) {
        return switch (this) {
            case PLAIN -> new PlainSameDiffSubject(config);
            case SAMEDIFF -> new Vit4jSubject(config, Backend.SAMEDIFF);
            case ONEDNN -> new Vit4jSubject(config, Backend.ONEDNN);
            case TORCH -> new Vit4jSubject(config, torch(config.train().backend()));
        };
    }

    private static Backend torch(Backend configured) {
        Backend backend = Backend.TORCH.with(configured.precision()).on(configured.devices());
        try {
            backend.check();
        } catch (ConfigError e) {
            throw new ConfigError("train." + e.getMessage());
        }
        return backend;
    }

    /** The word for this runner on the command line and in results. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
