package org.vit4j.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.RunException;

/** A run goes on as it began: resuming with another network, recipe or teacher would be another run under its name. */
final class ResumeCheck {
    /**
     * Where the run and its data lie, how long it goes on, how often it saves, who decodes: the steps stay the same. Among
     * how many machines they are shared moves them by rounding.
     */
    private static final Set<String> MAY_CHANGE = Set.of(
            "output.dir",
            "output.keep",
            "output.log_steps",
            "train.epochs",
            "train.checkpoint_steps",
            "train.early_stop.patience",
            "train.distributed.executors",
            "train.distributed.sync_every",
            "data.threads",
            "data.path");

    private ResumeCheck() {}

    /**
     * Compares with the config a run directory holds, if it holds one. That one is read as any config is, so that keys
     * which did not exist when it was written count with their defaults.
     *
     * @throws ConfigError naming the first value that differs, or a key that this version does not know
     */
    static void check(RunConfig config, Path directory) {
        Path file = directory.resolve("config.yaml");
        if (!Files.exists(file)) return;
        Map<String, String> before = Config.values(reread(file).resolved(), file.toString());
        Map<String, String> now = Config.values(config.resolved(), config.name());
        Set<String> paths = new LinkedHashSet<>(before.keySet());
        paths.addAll(now.keySet());
        for (String path : paths) {
            String a = before.getOrDefault(path, "not set");
            String b = now.getOrDefault(path, "not set");
            if (a.equals(b) || MAY_CHANGE.contains(path)) continue;
            throw new ConfigError(file + ": the run was started with " + path + ": " + a + ", now it is " + b
                    + "; resume with the same config, or start another run with --run");
        }
    }

    private static RunConfig reread(Path file) {
        try {
            return RunConfig.open(file.toString(), List.of());
        } catch (ConfigError e) {
            throw new ConfigError(
                    e.getMessage().lines().findFirst().orElse("")
                            + "; the run was started with another vit4j: go on with"
                            + " that one, or start another run with --run",
                    e);
        }
    }

    /** A teacher that was trained anew under the same name is another one: notes which it is, or compares. */
    static void checkTeacher(Path teacher, RunDirectory run, boolean resume) {
        Path noted = run.path().resolve("teacher.sha256");
        try {
            String sum = CheckpointDirectory.sha256(teacher);
            if (resume
                    && Files.exists(noted)
                    && !Files.readString(noted).strip().equals(sum)) {
                throw new ConfigError(noted + ": the run was started with another teacher than " + teacher
                        + " is now; put that one back, or start another run with --run");
            }
            run.write(noted.getFileName().toString(), sum + "\n");
        } catch (IOException e) {
            throw new RunException(teacher + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
    }
}
