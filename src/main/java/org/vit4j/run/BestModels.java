package org.vit4j.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.io.AtomicFiles;
import org.vit4j.report.EvaluationReport;

/**
 * Copies of {@code model.keras} and {@code evaluation.json} in the directory {@code best}, made before a better epoch replaces
 * them and kept as long as there is a checkpoint from before that epoch: a run that is resumed from it has the earlier best model.
 */
final class BestModels {
    private static final Logger LOG = LoggerFactory.getLogger(BestModels.class);
    private static final String MODEL = ".keras";

    private final RunDirectory run;

    BestModels(RunDirectory run) {
        this.run = run;
    }

    /** Copies the model before it is replaced by that of an epoch. */
    void keepBefore(int epoch) {
        if (!Files.exists(run.model())) return;
        EvaluationReport.read(run.path())
                .filter(evaluation -> evaluation.epoch() < epoch)
                .ifPresent(evaluation -> {
                    copy(run.evaluation(), evaluation(evaluation.epoch()));
                    copy(run.model(), model(evaluation.epoch()));
                });
    }

    /**
     * Restores the model of the best epoch of a checkpoint, if a later one has replaced it.
     *
     * @param finished number of epochs of the checkpoint; those after it are trained again
     */
    void restore(int best, int finished) {
        delete(file -> IntStream.rangeClosed(1, finished)
                .noneMatch(epoch -> file.equals(model(epoch)) || file.equals(evaluation(epoch))));
        if (Files.exists(model(best)) && Files.exists(evaluation(best))) {
            copy(evaluation(best), run.evaluation());
            copy(model(best), run.model());
            return;
        }
        Optional<Integer> replaced =
                EvaluationReport.read(run.path()).map(EvaluationReport::epoch).filter(epoch -> epoch > best);
        replaced.ifPresent(epoch -> LOG.warn(
                "{} and evaluation.json are of epoch {}, which is trained again; the model of epoch {}, the best so far, was"
                        + " not kept",
                run.model(),
                epoch,
                best));
    }

    /** Returns true if there are no copies. */
    boolean isEmpty() {
        return !Files.isDirectory(directory());
    }

    /** Deletes the copies of all other epochs. */
    void retain(Set<Integer> epochs) {
        Set<Path> kept = epochs.stream()
                .flatMap(epoch -> Stream.of(model(epoch), evaluation(epoch)))
                .collect(Collectors.toSet());
        delete(file -> !kept.contains(file));
    }

    private void delete(Predicate<Path> unused) {
        if (isEmpty()) return;
        try (Stream<Path> files = Files.list(directory())) {
            List<Path> all = files.toList();
            for (Path file : all) if (unused.test(file)) Files.delete(file);
            if (all.stream().allMatch(unused)) Files.delete(directory());
        } catch (IOException e) {
            LOG.warn("{}: earlier models cannot be deleted: {}", directory(), AtomicFiles.reason(e));
        }
    }

    private static void copy(Path from, Path to) {
        AtomicFiles.write(to, temporary -> Files.copy(from, temporary));
    }

    private Path directory() {
        return run.path().resolve("best");
    }

    private Path model(int epoch) {
        return file(epoch, MODEL);
    }

    private Path evaluation(int epoch) {
        return file(epoch, ".json");
    }

    private Path file(int epoch, String extension) {
        return directory().resolve(String.format(Locale.ROOT, "epoch-%06d%s", epoch, extension));
    }
}
