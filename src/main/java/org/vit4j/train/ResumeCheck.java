package org.vit4j.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
    private static final String ABSENT = "not set";

    /**
     * Changes neither the network nor what it learns from in which order: where things are, how the weights follow the
     * gradient, how long it goes on, what is written down, what computes. Names a key and all keys below it.
     */
    private static final List<String> MAY_CHANGE = List.of(
            "output",
            "published",
            "data.threads",
            "train.threads",
            "train.backend",
            "train.distributed",
            "train.epochs",
            "train.optimizer",
            "train.schedule",
            "train.loss",
            "train.clip",
            "train.spike",
            "train.checkpoint_steps",
            "train.early_stop",
            "train.init.weights",
            "train.init.strict");

    /** May change where they are set before and after: a moved dataset or teacher, the pace of a moving average. */
    private static final List<String> MAY_CHANGE_IF_SET = List.of(
            "data.path", "train.ema", "train.distill.teacher", "train.distill.alpha", "train.distill.temperature");

    /** Checkpoints hold the arrays of one kind of optimizer. */
    private static final Set<String> NEVER = Set.of("train.optimizer.name");

    /** May change between the runs of a sweep, which are compared: the steps stay what they are. */
    private static final List<String> MAY_CHANGE_IN_SWEEP = List.of(
            "output",
            "data.threads",
            "data.path",
            "train.threads",
            "train.distributed",
            "train.epochs",
            "train.threads",
            "train.checkpoint_steps",
            "train.early_stop.patience");

    private ResumeCheck() {}

    /**
     * Compares with the config a run directory holds, if it holds one. That one is read as any config is, so that keys
     * which did not exist when it was written count with their defaults.
     *
     * @return what differs and may
     * @throws ConfigError naming the first value that differs and may not, or a key that this version does not know
     */
    static List<ResumeChange> check(RunConfig config, Path directory) {
        Path file = directory.resolve("config.yaml");
        if (!Files.exists(file)) return List.of();
        Map<String, String> before = Config.values(reread(file).resolved(), file.toString());
        Map<String, String> now = Config.values(config.resolved(), config.name());
        Set<String> paths = new LinkedHashSet<>(before.keySet());
        paths.addAll(now.keySet());
        List<ResumeChange> changes = new ArrayList<>();
        for (String path : paths) {
            ResumeChange change =
                    new ResumeChange(path, before.getOrDefault(path, ABSENT), now.getOrDefault(path, ABSENT));
            if (change.before().equals(change.after())) continue;
            if (!mayChange(change)) throw refused(file, change);
            changes.add(change);
        }
        return changes;
    }

    /**
     * Compares a run of a sweep, more strictly: some runs may be finished, and all must have been trained alike.
     *
     * @throws ConfigError naming the first value that differs
     */
    static void checkInSweep(RunConfig config, Path directory) {
        for (ResumeChange change : check(config, directory)) {
            if (isBelow(change.key(), MAY_CHANGE_IN_SWEEP)) continue;
            throw new ConfigError(directory.resolve("config.yaml") + ": the run was started with " + change.key() + ": "
                    + change.before() + ", now it is " + change.after()
                    + "; the runs of a sweep are trained alike: resume it with the same config, or start another with"
                    + " --run");
        }
    }

    private static boolean mayChange(ResumeChange change) {
        if (NEVER.contains(change.key())) return false;
        boolean set = !change.before().equals(ABSENT) && !change.after().equals(ABSENT);
        return isBelow(change.key(), MAY_CHANGE) || (set && isBelow(change.key(), MAY_CHANGE_IF_SET));
    }

    private static boolean isBelow(String key, List<String> allowed) {
        return allowed.stream()
                .anyMatch(one -> key.equals(one) || key.startsWith(one + ".") || key.startsWith(one + "["));
    }

    private static ConfigError refused(Path file, ResumeChange change) {
        return new ConfigError(file + ": the run was started with " + change.key() + ": " + change.before()
                + ", now it is " + change.after() + "; this cannot change on --resume: continue the run as it is with '"
                + ResumeCommand.of(file.getParent()) + "', or start another with --run");
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
