package org.vit4j.run;

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

/** Rejects resuming a run with changes that would make it a different run: another model, recipe or teacher. */
final class ResumeCheck {
    private static final String ABSENT = "not set";

    /**
     * Keys that do not affect the network or the order of its training data: locations, optimizer settings, length of
     * the run, logging, execution. A key includes all keys below it.
     */
    private static final List<String> MAY_CHANGE = List.of(
            "output",
            "published",
            "train.threads",
            "train.workers",
            "train.backend",
            "train.precision",
            "train.device",
            "train.distributed",
            "train.epochs",
            "train.optimizer",
            "train.schedule",
            "train.loss",
            "train.clip",
            "train.spike",
            "train.checkpoint_steps",
            "train.early_stop",
            "train.val_batch",
            "train.init.weights",
            "train.init.strict");

    /** May change only if they were and stay set: location of dataset or teacher, decay of the moving average. */
    private static final List<String> MAY_CHANGE_IF_SET = List.of(
            "data.path", "train.ema", "train.distill.teacher", "train.distill.alpha", "train.distill.temperature");

    /** A checkpoint holds the arrays of one type of optimizer. */
    private static final Set<String> NEVER = Set.of("train.optimizer.name");

    /** May change between the runs of a sweep; all others would make the runs incomparable. */
    private static final List<String> MAY_CHANGE_IN_SWEEP = List.of(
            "output",
            "data.path",
            "train.threads",
            "train.workers",
            "train.distributed",
            "train.epochs",
            "train.checkpoint_steps",
            "train.early_stop.patience");

    private ResumeCheck() {}

    /**
     * Compares a config with the one in the run directory, if there is one. Keys that did not exist when that one was
     * written have their defaults.
     *
     * @return the permitted changes
     * @throws ConfigError if a value differs that must not change, or the directory's config has a key unknown to this
     *     version
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
            if (!mayChange(change)) throw notAllowed(file, change);
            changes.add(change);
        }
        return changes;
    }

    /**
     * Compares a run of a sweep. Fewer changes are permitted, because some runs may be finished and all must be trained
     * with the same recipe.
     *
     * @throws ConfigError if a value differs that must not change
     */
    static void checkInSweep(RunConfig config, Path directory) {
        for (ResumeChange change : check(config, directory)) {
            if (isBelow(change.key(), MAY_CHANGE_IN_SWEEP)) continue;
            throw new ConfigError(directory.resolve("config.yaml") + ": the run was started with " + change.key() + ": "
                    + change.before() + ", now it is " + change.after()
                    + "; all runs of a sweep must use the same config: resume it with that config, or start another sweep"
                    + " with --run");
        }
    }

    private static boolean mayChange(ResumeChange change) {
        if (NEVER.contains(change.key())) return false;
        boolean set = !change.before().equals(ABSENT) && !change.after().equals(ABSENT);
        return isBelow(change.key(), MAY_CHANGE) || (set && isBelow(change.key(), MAY_CHANGE_IF_SET));
    }

    private static boolean isBelow(String key, List<String> allowed) {
        return allowed.stream()
                .anyMatch(prefix -> key.equals(prefix) || key.startsWith(prefix + ".") || key.startsWith(prefix + "["));
    }

    private static ConfigError notAllowed(Path file, ResumeChange change) {
        return new ConfigError(file + ": the run was started with " + change.key() + ": " + change.before()
                + ", now it is " + change.after()
                + "; this cannot change on --resume: continue the run without the change with '"
                + ResumeCommand.of(file.getParent()) + "', or start another run with --run");
    }

    private static RunConfig reread(Path file) {
        try {
            return RunConfig.open(file.toString(), List.of());
        } catch (ConfigError e) {
            throw new ConfigError(
                    e.getMessage().lines().findFirst().orElse("")
                            + "; the run was started with another version of vit4j: continue"
                            + " with that version, or start another run with --run",
                    e);
        }
    }

    /**
     * Compares the data with that which the run was started with, if it is recorded.
     *
     * @throws ConfigError if it has other classes, or another number of images of a class
     */
    static void checkData(RunImages now, Path directory) {
        RunInfo.read(directory)
                .map(RunInfo::data)
                .flatMap(before -> before.difference(now))
                .ifPresent(difference -> {
                    throw new ConfigError(directory.resolve("run.json") + ": the run " + difference
                            + "; restore the data, or start another run with --run");
                });
    }

    /**
     * Records the checksum of the teacher, or compares it on resume: a retrained teacher with the same name is
     * rejected.
     */
    static void checkTeacher(Path teacher, RunDirectory run, boolean resume) {
        Path recorded = run.path().resolve("teacher.sha256");
        try {
            String sum = CheckpointDirectory.sha256(teacher);
            if (resume
                    && Files.exists(recorded)
                    && !Files.readString(recorded).strip().equals(sum)) {
                throw new ConfigError(recorded + ": the run was started with another teacher than " + teacher
                        + "; restore that teacher, or start another run with --run");
            }
            run.write(recorded.getFileName().toString(), sum + "\n");
        } catch (IOException e) {
            throw new RunException(teacher + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
    }
}
