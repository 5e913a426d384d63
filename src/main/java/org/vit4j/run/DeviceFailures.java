package org.vit4j.run;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.vit4j.backend.Backend;
import org.vit4j.backend.DeviceFailure;
import org.vit4j.io.RunException;

/** Explains failures of a device during training in one line. */
final class DeviceFailures {
    private static final double GIB = 1 << 30;
    /** Part of the memory that a suggested batch may need by the estimate, which counts neither workspaces nor fragments. */
    private static final double USABLE = 0.8;

    private DeviceFailures() {}

    /**
     * A {@link RunException} of one line for a failure of a device; other exceptions are returned.
     *
     * @param processes number of processes that share a batch
     */
    static RuntimeException explained(RuntimeException problem, RunConfig config, int processes) {
        Optional<DeviceFailure> failure = Backend.deviceFailure(problem);
        if (failure.isEmpty()) return problem;
        DeviceFailure found = failure.get();
        if (!found.outOfMemory()) return new RunException(found.reason() + "; continue with --resume", problem);
        int batch = config.train().batch();
        String needs = String.format(
                Locale.ROOT,
                "%s; train.batch=%d needs about %.1f GiB%s by estimate",
                found.reason(),
                batch,
                RunMemory.estimate(config, batch, processes).bytes() / GIB,
                processes > 1 ? " on each device" : "");
        return new RunException(needs + "; " + advice(config, found.capacity(), processes), problem);
    }

    private static String advice(RunConfig config, long capacity, int processes) {
        OptionalInt fitting = fittingBatch(config, capacity, processes);
        if (fitting.isEmpty()) return "no batch fits: use a smaller variant";
        int factor = config.train().batch() / fitting.getAsInt();
        return String.format(
                Locale.ROOT,
                "try --set train.batch=%d --set train.accumulate=%d (about %.1f GiB), which gives the same steps",
                fitting.getAsInt(),
                config.train().accumulate() * factor,
                RunMemory.estimate(config, fitting.getAsInt(), processes).bytes() / GIB);
    }

    /** The largest smaller batch that divides the batch and fits by the estimate; the next smaller one if memory is unknown. */
    static OptionalInt fittingBatch(RunConfig config, long capacity, int processes) {
        int batch = config.train().batch();
        for (int parts = 2; parts <= batch; parts++) {
            if (batch % parts != 0) continue;
            int smaller = batch / parts;
            long bytes = RunMemory.estimate(config, smaller, processes).bytes();
            if (capacity == 0 || bytes <= USABLE * capacity) return OptionalInt.of(smaller);
        }
        return OptionalInt.empty();
    }
}
