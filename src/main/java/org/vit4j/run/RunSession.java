package org.vit4j.run;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.backend.ProcessGroup;
import org.vit4j.config.ConfigError;
import org.vit4j.io.RunException;
import org.vit4j.machine.Environment;
import org.vit4j.metrics.BestEpoch;
import org.vit4j.model.Network;
import org.vit4j.report.RunRecord;
import org.vit4j.tracking.MlflowTracker.Outcome;
import org.vit4j.train.Callback;
import org.vit4j.train.GradientWorkers;
import org.vit4j.train.TeacherModel;
import org.vit4j.train.TrainLoop;
import org.vit4j.train.TrainState;
import org.vit4j.train.Trainer;

/**
 * One process of a run, from its start or a resume to its end or a stop.
 *
 * @param workers compute the gradients; this process does if empty
 * @param group processes that train together, of which this is the first; this one alone if empty
 */
record RunSession(
        RunConfig config,
        TrainData data,
        Path directory,
        boolean resume,
        Callback progress,
        BooleanSupplier stop,
        Optional<GradientWorkers> workers,
        Optional<ProcessGroup> group) {
    private static final Logger LOG = LoggerFactory.getLogger(RunSession.class);

    TrainRun.RunResult run() {
        // Check the teacher before an earlier run is moved aside.
        Optional<TeacherModel> teacher = TrainRun.teacher(config, data.classes());
        // Check the initial weights too; a resumed run does not need them.
        if (!resume) config.train().init().ifPresent(init -> init.checkFits(config.name(), config.model()));
        try (RunTracking tracking = RunTracking.connect(config, directory);
                RunDirectory run = RunDirectory.open(directory, resume)) {
            List<ResumeChange> changes = resume ? ResumeCheck.check(config, run.path()) : List.of();
            RunImages images = RunImages.of(data);
            if (resume) ResumeCheck.checkData(images, run.path());
            if (teacher.isPresent()) ResumeCheck.checkTeacher(teacher.get().file(), run, resume);
            if (config.train().schedule().warmupEpochs() > config.train().epochs()) {
                LOG.info(
                        "the warm-up is longer than the run; shortened to its {} epochs",
                        config.train().epochs());
            }
            try (Network network = RankRun.network(config, data)) {
                RunRecorder recorder = new RunRecorder(
                        run,
                        config.output().keep(),
                        config.train().best(),
                        network.description(),
                        data.validation(),
                        workers.isPresent());
                try (TrainLoop loop = loop(network, recorder, tracking.callback(), teacher)) {
                    return run(run, changes, images, network, loop, recorder, tracking);
                }
            }
        } finally {
            teacher.ifPresent(TeacherModel::close);
        }
    }

    private TrainLoop loop(Network network, RunRecorder recorder, Callback tracker, Optional<TeacherModel> teacher) {
        Trainer trainer = Trainer.of(network)
                .config(config.train())
                .callbacks(recorder, tracker, progress)
                .checkpoints(recorder);
        teacher.ifPresent(trainer::teacher);
        workers.ifPresent(trainer::workers);
        group.ifPresent(processes ->
                trainer.group(processes).backend(config.train().backend().inGroup(processes.device())));
        return trainer.loop(
                data.training(),
                data.validation(),
                data.classes(),
                config.train().epochs());
    }

    private TrainRun.RunResult run(
            RunDirectory run,
            List<ResumeChange> changes,
            RunImages images,
            Network network,
            TrainLoop loop,
            RunRecorder recorder,
            RunTracking tracking) {
        boolean resumed = resume && loop.resume();
        TrainState state = loop.state();
        if (resumed) LOG.info("resuming at epoch {}, step {}", state.epoch() + 1, state.step());
        if (resume && !resumed) run.checkNoFinishedEpochs();
        boolean done = resumed && loop.isFinished();
        tracking.start(run, resume);
        if (done) logUnused(changes, state);
        else {
            if (!resumed) config.train().init().ifPresent(init -> init.load(config.name(), network));
            recordChanges(run, changes, images, state);
            run.write("config.yaml", config.resolved());
            run.write("environment.json", Environment.json(resumed ? Optional.of(started(run)) : Optional.empty()));
        }
        loop.share();
        try (RunLog log = new RunLog(run, config.train(), state, config.output().logSteps())) {
            recorder.log(log);
            tracking.catchUp(run.path(), state);
            // After a crash following the last checkpoint the log and report may be missing.
            if (done) log.report(finishedStatus(loop));
            return result(train(done, loop, log, run, tracking), loop, run);
        }
    }

    /** Returns the start time of a resumed run; unknown if it was not recorded or cannot be read. */
    private static String started(RunDirectory run) {
        try {
            return RunRecord.read(run.path()).environment().getOrDefault("started", "unknown");
        } catch (ConfigError e) {
            return "unknown"; // a damaged file, which is about to be replaced
        }
    }

    /** Records config changes in {@code run.json}, before {@code config.yaml} is overwritten. */
    private void recordChanges(RunDirectory run, List<ResumeChange> changes, RunImages images, TrainState state) {
        changes.forEach(c -> LOG.info("resuming with {}: {} instead of {}", c.key(), c.after(), c.before()));
        Optional<RunInfo> before = resume ? RunInfo.read(run.path()) : Optional.empty();
        RunInfo info = before.orElse(new RunInfo(config.name(), images, List.of(), null));
        info.with(images, changes, state).write(run.path());
    }

    /** Logs changes of a run that has ended. */
    private static void logUnused(List<ResumeChange> changes, TrainState state) {
        for (ResumeChange c : changes) {
            LOG.info(
                    "{}: {} instead of {} changes nothing, because the run has ended after {} epochs",
                    c.key(),
                    c.after(),
                    c.before(),
                    state.history().size());
        }
    }

    /** Trains what is left, and ends the tracking, also when training fails. */
    private boolean train(boolean done, TrainLoop loop, RunLog log, RunDirectory run, RunTracking tracking) {
        Outcome outcome = Outcome.FAILED;
        try {
            boolean finished = done || trainWithReport(loop, log, run);
            outcome = finished ? Outcome.FINISHED : Outcome.KILLED;
            return finished;
        } finally {
            tracking.end(outcome, run.path(), stop);
        }
    }

    /** Trains and writes the report, also when training fails. */
    private boolean trainWithReport(TrainLoop loop, RunLog log, RunDirectory run) {
        String status = "failed";
        try {
            boolean finished = loop.run(stop);
            status = finished
                    ? finishedStatus(loop)
                    : "stopped after step " + loop.state().step() + "; continue with --resume";
            return finished;
        } catch (RuntimeException e) {
            RuntimeException explained = DeviceFailures.explained(
                    e, config, group.map(ProcessGroup::size).orElse(1));
            status = "failed: " + explained.getMessage();
            recordFailure(run, explained);
            throw explained;
        } finally {
            log.report(status);
        }
    }

    private static void recordFailure(RunDirectory run, RuntimeException failure) {
        try {
            RunInfo.recordFailure(run.path(), String.valueOf(failure.getMessage()));
        } catch (RunException e) {
            failure.addSuppressed(e); // the failure is what the user needs to know
        }
    }

    private static String finishedStatus(TrainLoop loop) {
        int best = loop.best().map(BestEpoch::epoch).orElse(0);
        return loop.stoppedEarly() ? "finished early: no improvement since epoch " + best : "finished";
    }

    private TrainRun.RunResult result(boolean finished, TrainLoop loop, RunDirectory run) {
        return new TrainRun.RunResult(finished, loop.state(), config.train().best(), run.path(), run.model());
    }
}
