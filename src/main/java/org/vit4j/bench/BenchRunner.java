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

    /**
     * Checks that this machine can run a config this way.
     *
     * @throws ConfigError if it does not have the backend, its device or its precision
     */
    public void check(RunConfig config) {
        if (this == PLAIN) PlainSameDiffSubject.check(config);
        else backend(config.train().backend());
    }

    /** Loads the network of a config. */
    public Subject open(RunConfig config) {
        if (this == PLAIN) return new PlainSameDiffSubject(config);
        return new Vit4jSubject(config, backend(config.train().backend()));
    }

    private Backend backend(Backend configured) {
        Backend backend = switch (this) {
            case SAMEDIFF -> Backend.SAMEDIFF.with(configured.precision());
            case ONEDNN -> Backend.ONEDNN.with(configured.precision());
            case TORCH -> Backend.TORCH.with(configured.precision()).on(configured.devices());
            case PLAIN -> throw new IllegalStateException("plain SameDiff is not a backend");
        };
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
