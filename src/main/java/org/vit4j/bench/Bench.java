package org.vit4j.bench;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.OpTime;
import org.vit4j.data.Batch;
import org.vit4j.run.RunConfig;

/**
 * Compares several ways to run a network in one process. They alternate step by step, so that other load on the machine
 * affects all of them equally.
 */
public final class Bench implements AutoCloseable {
    /** Untimed steps: the first ones compile, allocate memory and select kernels. */
    public static final int WARM_UP = 3;

    private static final List<Integer> BATCHES = List.of(1, 8, 32);

    private final RunConfig config;
    private final List<BenchRunner> runners;
    private final int steps;
    private final List<Integer> callers;
    private final Consumer<String> progress;
    private final BenchData source;

    /**
     * Opens the data; networks are loaded when they are measured.
     *
     * @param callers numbers of concurrent callers of the oneDNN backend, see {@link ServingBench}; may be empty
     */
    public Bench(
            RunConfig config, List<BenchRunner> runners, int steps, List<Integer> callers, Consumer<String> progress) {
        this.config = config;
        this.runners = List.copyOf(runners);
        this.steps = steps;
        this.callers = List.copyOf(callers);
        this.progress = progress;
        this.source = BenchData.of(config);
    }

    /** Measures everything except memory, which needs a process per runner, see {@link PeakMemory}. */
    public BenchResult run() {
        progress.accept("matrix product");
        MachineInfo machine = MachineInfo.measure();
        OptionalDouble dataAlone = source.imagesPerSecond(WARM_UP + steps);
        if (dataAlone.isPresent()) progress.accept("data per core");
        Optional<DataRates> dataRates = source.rates();
        Map<BenchRunner, StepTimes> training = withSubjects(this::training);
        Map<Integer, Map<BenchRunner, Timings>> inference = withSubjects(subjects -> {
            Map<Integer, Map<BenchRunner, Timings>> byBatch = new TreeMap<>();
            TreeSet<Integer> batches = new TreeSet<>(BATCHES);
            batches.add(config.train().batch());
            for (int batch : batches) byBatch.put(batch, inference(subjects, batch));
            return byBatch;
        });
        progress.accept("time per kind of op");
        Map<BenchRunner, OpProfile> profiles = withSubjects(this::profiles);
        return new BenchResult(machine, source.name(), dataAlone, dataRates, training, inference, profiles, serving());
    }

    private List<ServingTimes> serving() {
        if (callers.isEmpty()) return List.of();
        progress.accept("concurrent callers");
        try (ServingBench serving = new ServingBench(config, ServingBench.TURN)) {
            return serving.measure(callers);
        }
    }

    /**
     * Opens the subjects for one measurement and closes them again, so that training arrays are freed before inference.
     */
    private <T> T withSubjects(Function<Map<BenchRunner, Subject>, T> work) {
        Map<BenchRunner, Subject> subjects = new EnumMap<>(BenchRunner.class);
        try {
            for (BenchRunner runner : runners) {
                progress.accept("loading " + runner.word());
                subjects.put(runner, runner.open(config));
            }
            return work.apply(subjects);
        } finally {
            subjects.values().forEach(Subject::close);
            subjects.clear();
            System.gc(); // frees the arrays of plain SameDiff
        }
    }

    /**
     * Results of a benchmark.
     *
     * @param dataAlone images per second of data loading alone; empty for random data
     * @param dataRates images per second that one core loads; empty for random data
     * @param inference times by batch size
     * @param serving concurrent callers of the oneDNN backend; empty unless requested
     */
    public record BenchResult(
            MachineInfo machine,
            String data,
            OptionalDouble dataAlone,
            Optional<DataRates> dataRates,
            Map<BenchRunner, StepTimes> training,
            Map<Integer, Map<BenchRunner, Timings>> inference,
            Map<BenchRunner, OpProfile> profiles,
            List<ServingTimes> serving) {}

    /**
     * Time per kind of op, largest first, of training steps (forward and backward) and inference at the config's batch
     * size.
     */
    public record OpProfile(int runs, List<OpTime> training, List<OpTime> inference) {}

    /**
     * Times of the parts of a training step. The forward pass of the training graph is measured separately.
     *
     * @param data waiting for the batch
     * @param gradient forward and backward
     * @param update optimizer
     * @param step gradient and update, without waiting for data
     */
    public record StepTimes(Timings data, Timings forward, Timings gradient, Timings update, Timings step) {
        /** Time of the backward pass: the difference of the medians of gradient and forward. */
        public double backward() {
            return Math.max(0, gradient.median() - forward.median());
        }
    }

    private Map<BenchRunner, StepTimes> training(Map<BenchRunner, Subject> subjects) {
        Map<BenchRunner, List<Double>> data = lists();
        Map<BenchRunner, List<Double>> gradient = lists();
        Map<BenchRunner, List<Double>> update = lists();
        Map<BenchRunner, List<Double>> step = lists();
        rounds("training", subjects, (runner, subject) -> {
            Batch[] batch = new Batch[1];
            data.get(runner).add(Stopwatch.seconds(() -> batch[0] = source.next()));
            double forwardAndBackward = Stopwatch.seconds(() -> subject.gradient(batch[0]));
            double optimizer = Stopwatch.seconds(subject::update);
            gradient.get(runner).add(forwardAndBackward);
            update.get(runner).add(optimizer);
            step.get(runner).add(forwardAndBackward + optimizer);
        });
        Map<BenchRunner, List<Double>> forward = lists();
        rounds("forward", subjects, (runner, subject) -> {
            Batch batch = source.next();
            forward.get(runner).add(Stopwatch.seconds(() -> subject.forward(batch)));
        });
        Map<BenchRunner, StepTimes> split = new EnumMap<>(BenchRunner.class);
        for (BenchRunner runner : runners) {
            split.put(
                    runner,
                    new StepTimes(
                            timingsAfterWarmUp(data.get(runner)),
                            timingsAfterWarmUp(forward.get(runner)),
                            timingsAfterWarmUp(gradient.get(runner)),
                            timingsAfterWarmUp(update.get(runner)),
                            timingsAfterWarmUp(step.get(runner))));
        }
        return split;
    }

    private Map<BenchRunner, Timings> inference(Map<BenchRunner, Subject> subjects, int batch) {
        Map<BenchRunner, List<Double>> seconds = lists();
        try (INDArray images = BenchNetwork.images(BenchData.random(config, batch))) {
            rounds(
                    "inference at batch " + batch,
                    subjects,
                    (runner, subject) -> seconds.get(runner).add(Stopwatch.seconds(() -> subject.infer(images))));
        }
        Map<BenchRunner, Timings> timings = new EnumMap<>(BenchRunner.class);
        seconds.forEach((runner, all) -> timings.put(runner, timingsAfterWarmUp(all)));
        return timings;
    }

    private Map<BenchRunner, OpProfile> profiles(Map<BenchRunner, Subject> subjects) {
        Map<BenchRunner, OpProfile> profiles = new EnumMap<>(BenchRunner.class);
        Batch batch = source.next();
        try (INDArray images = BenchNetwork.images(batch)) {
            subjects.forEach((runner, subject) -> {
                subject.gradient(batch); // creates the plans
                subject.infer(images);
                OpProfile profile = new OpProfile(
                        steps, subject.profileTraining(batch, steps), subject.profileInference(images, steps));
                if (!profile.training.isEmpty()) profiles.put(runner, profile);
            });
        }
        return profiles;
    }

    private interface BenchTurn {
        void take(BenchRunner runner, Subject subject);
    }

    private void rounds(String what, Map<BenchRunner, Subject> subjects, BenchTurn turn) {
        progress.accept(what);
        for (int round = 0; round < WARM_UP + steps; round++) subjects.forEach(turn::take);
    }

    private static Timings timingsAfterWarmUp(List<Double> seconds) {
        return Timings.of(seconds.subList(WARM_UP, seconds.size()));
    }

    private Map<BenchRunner, List<Double>> lists() {
        Map<BenchRunner, List<Double>> lists = new EnumMap<>(BenchRunner.class);
        for (BenchRunner runner : runners) lists.put(runner, new ArrayList<>());
        return lists;
    }

    @Override
    public void close() {
        source.close();
    }
}
