package org.vit4j.train;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.vit4j.config.Section;

/**
 * {@code train.distributed}: how the gradients of a run are shared among the machines of a cluster. Without one it says
 * nothing.
 *
 * @param executors processes that a batch is divided among; what the cluster has when empty
 * @param syncEvery batches whose gradients each executor adds up before all are added up, a divisor of {@code
 *     train.accumulate}; that itself when empty. The optimizer's steps stay what they are
 */
public record DistributedConfig(OptionalInt executors, OptionalInt syncEvery) {
    static final DistributedConfig DEFAULT = new DistributedConfig(OptionalInt.empty(), OptionalInt.empty());

    public DistributedConfig {
        check("executors", executors);
        check("sync_every", syncEvery);
    }

    static Optional<DistributedConfig> read(Section s) {
        OptionalInt executors = intIf(s, "executors");
        OptionalInt syncEvery = intIf(s, "sync_every");
        return s.build(() -> new DistributedConfig(executors, syncEvery));
    }

    private static OptionalInt intIf(Section s, String key) {
        return s.has(key) ? OptionalInt.of(s.intAt(key)) : OptionalInt.empty();
    }

    private static void check(String key, OptionalInt value) {
        int number = value.orElse(1);
        if (number < 1)
            throw new IllegalArgumentException(String.format(Locale.ROOT, "%s (%d) must be at least 1", key, number));
    }
}
