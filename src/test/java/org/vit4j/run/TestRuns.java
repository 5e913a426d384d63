package org.vit4j.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.vit4j.keras.KerasFile;
import org.vit4j.train.Callback;

/** Training runs of tests. */
public final class TestRuns {
    /** Does nothing. */
    public static final Callback SILENT = new Callback() {};

    private TestRuns() {}

    /** A config with settings, of which the later replace the earlier ones. */
    public static RunConfig config(String name, List<String> settings, String... more) {
        List<String> overrides = new ArrayList<>(settings);
        overrides.addAll(List.of(more));
        return RunConfig.open(name, overrides);
    }

    /** Trains until the end, or as if interrupted after a number of batches if that is positive. */
    public static TrainRun.RunResult train(RunConfig config, Path run, boolean resume, int stopAfter) {
        AtomicInteger batches = new AtomicInteger();
        return TrainRun.run(config, run, resume, SILENT, () -> stopAfter > 0 && batches.incrementAndGet() >= stopAfter);
    }

    /** The parameters of a saved model by their names. */
    public static Map<String, float[]> weights(Path model) {
        Map<String, float[]> all = new LinkedHashMap<>();
        try (KerasFile file = KerasFile.read(model)) {
            for (String name : file.shapes().keySet()) all.put(name, file.values(name));
        }
        return all;
    }
}
