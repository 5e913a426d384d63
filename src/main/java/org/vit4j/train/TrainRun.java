package org.vit4j.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.io.Atomic;
import org.vit4j.io.Failure;
import org.vit4j.report.Environment;
import org.vit4j.report.RunReport;

/** A whole run: data, directory, training, what is left behind. What the command line and a notebook call. */
public final class TrainRun {
    private static final Logger LOG = LoggerFactory.getLogger(TrainRun.class);

    private TrainRun() {}

    /**
     * How a run ended.
     *
     * @param finished false when it was stopped before its last epoch
     */
    public record Result(boolean finished, TrainState state, Path directory, Path model) {}

    /**
     * Trains, or goes on training.
     *
     * @param directory of the run; an earlier run in it is moved aside unless {@code resume}
     * @param resume goes on from the newest whole checkpoint; starts the run when there is none
     * @param stop asked after every step
     * @throws ConfigError for the user's mistakes, {@link Failure} when the disk is full or the loss is no number
     */
    public static Result run(
            RunConfig config, Path directory, boolean resume, Trainer.Progress progress, BooleanSupplier stop) {
        return run(config, TrainData.open(config), directory, resume, progress, stop);
    }

    /** The same on data of the caller's; what the config says of data is only written down. */
    public static Result run(
            RunConfig config,
            TrainData data,
            Path directory,
            boolean resume,
            Trainer.Progress progress,
            BooleanSupplier stop) {
        int classes = data.classes().size();
        if (classes != config.model().classes()) {
            throw new ConfigError(
                    config.name() + ": model.classes is " + config.model().classes() + " but the data has " + classes
                            + " classes; set model.classes=" + classes);
        }
        // As many arrays as AdamW keeps; SGD keeps one less.
        Footprint.of(config.model().build(), config.train().batch(), 2)
                .check(config.name(), config.train().batch());
        // A teacher that does not fit is found before an earlier run is moved out of the way.
        Optional<Teacher> teacher = config.train()
                .distill()
                .map(distill -> Teacher.load(
                        distill.teacher(),
                        config.name(),
                        data.classes(),
                        config.data().preprocess()));
        try (RunDirectory run = RunDirectory.open(directory, resume)) {
            if (resume) sameConfig(config, run);
            if (teacher.isPresent()) sameTeacher(teacher.get().file(), run, resume);
            if (config.train().schedule().warmupEpochs() > config.train().epochs()) {
                LOG.info(
                        "the warm-up is longer than the run and is cut to its {} epochs",
                        config.train().epochs());
            }
            try (Trainer trainer = new Trainer(config, data, teacher, run, progress)) {
                boolean resumed = resume && trainer.resume();
                if (resumed)
                    LOG.info(
                            "resuming at epoch {}, step {}",
                            trainer.state().epoch() + 1,
                            trainer.state().step());
                if (resumed && trainer.state().epoch() >= config.train().epochs()) return result(true, trainer, run);
                run.write("config.yaml", config.resolved());
                run.write("environment.json", Environment.json());
                boolean finished = trainer.train(stop);
                run.write("report.html", report(config, trainer.state()));
                return result(finished, trainer, run);
            }
        } finally {
            teacher.ifPresent(Teacher::close);
        }
    }

    private static String report(RunConfig config, TrainState state) {
        List<RunReport.Point> points = state.history().stream()
                .map(e ->
                        new RunReport.Point(e.epoch(), e.lr(), e.trainLoss(), e.trainTop1(), e.valLoss(), e.valTop1()))
                .toList();
        return RunReport.html(config.name(), points, config.resolved());
    }

    private static Result result(boolean finished, Trainer trainer, RunDirectory run) {
        return new Result(finished, trainer.state(), run.path(), run.model());
    }

    /** A teacher that was trained anew under the same name is another one: notes which it is, or compares. */
    private static void sameTeacher(Path teacher, RunDirectory run, boolean resume) {
        Path noted = run.path().resolve("teacher.sha256");
        try {
            String sum = Checkpoint.sha256(teacher);
            if (resume
                    && Files.exists(noted)
                    && !Files.readString(noted).strip().equals(sum)) {
                throw new ConfigError(noted + ": the run was started with another teacher than " + teacher
                        + " is now; put that one back, or start another run with --run");
            }
            run.write(noted.getFileName().toString(), sum + "\n");
        } catch (IOException e) {
            throw new Failure(teacher + ": cannot be read: " + Atomic.reason(e), e);
        }
    }

    /** A run goes on as it began: resuming with another network or recipe would be another run under its name. */
    private static void sameConfig(RunConfig config, RunDirectory run) {
        if (!Files.exists(run.config())) return;
        try {
            List<String> before = Files.readAllLines(run.config());
            List<String> now = config.resolved().lines().toList();
            for (int i = 0; i < Math.min(before.size(), now.size()); i++) {
                String a = before.get(i).strip();
                String b = now.get(i).strip();
                // Where the run lies and how long it goes on may change.
                if (a.equals(b)
                        || List.of("dir", "keep", "epochs", "threads", "path").contains(b.split(":")[0])) continue;
                throw new ConfigError(run.config() + ":" + (i + 1) + ": the run was started with '" + a
                        + "', now it is '" + b + "'; resume with the same config, or start another run with --run");
            }
        } catch (IOException e) {
            throw new Failure(run.config() + ": cannot be read: " + Atomic.reason(e), e);
        }
    }
}
