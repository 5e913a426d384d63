package org.vit4j.train;

import java.util.Optional;
import java.util.OptionalInt;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/**
 * {@code train.distributed}: data-parallel training on a cluster. Ignored without a cluster.
 *
 * @param executors number of processes that share a batch; all executors of the cluster if empty
 * @param syncEvery batches whose gradients each executor accumulates before they are exchanged, a divisor of {@code
 *     train.accumulate} and equal to it if empty. Does not change the optimizer steps
 */
public record DistributedConfig(OptionalInt executors, OptionalInt syncEvery) {
    static final DistributedConfig DEFAULT = new DistributedConfig(OptionalInt.empty(), OptionalInt.empty());

    public DistributedConfig {
        executors.ifPresent(n -> Checks.check(n >= 1, "executors", n, "must be at least 1"));
        syncEvery.ifPresent(n -> Checks.check(n >= 1, "sync_every", n, "must be at least 1"));
    }

    static Optional<DistributedConfig> read(Section s) {
        OptionalInt executors = optionalInt(s, "executors");
        OptionalInt syncEvery = optionalInt(s, "sync_every");
        return s.build(() -> new DistributedConfig(executors, syncEvery));
    }

    private static OptionalInt optionalInt(Section s, String key) {
        return s.has(key) ? OptionalInt.of(s.intAt(key)) : OptionalInt.empty();
    }
}
