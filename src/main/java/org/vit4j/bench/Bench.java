package org.vit4j.bench;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.OpTime;
import org.vit4j.data.Batch;
import org.vit4j.train.RunConfig;

/**
 * Measures the ways to run a network against each other: all in one process, taking turns step by step, so that whatever
 * else the machine does hits them alike.
 */
public final class Bench implements AutoCloseable {
    /** Steps that count for nothing: the first ones compile, allocate and choose kernels. */
    public static final int WARM_UP = 3;

    private static final List<Integer> BATCHES = List.of(1, 8, 32);

    private final RunConfig config;
    private final List<BenchRunner> runners;
    private final int steps;
    private final Consumer<String> progress;
    private final BenchData feed;

    /** Opens the data; the networks come and go as they are measured. */
    public Bench(RunConfig config, List<BenchRunner> runners, int steps, Consumer<String> progress) {
        this.config = config;
        this.runners = List.copyOf(runners);
        this.steps = steps;
        this.progress = progress;
        this.feed = BenchData.of(config);
    }

    /** All but the memory, which takes a process for each, see {@link PeakMemory}. */
    public BenchResult run() {
        progress.accept("matrix product");
        MachineInfo machine = MachineInfo.measured();
        OptionalDouble data = feed.alone(WARM_UP + steps);
        Map<BenchRunner, StepTimes> training = among(this::training);
        Map<Integer, Map<BenchRunner, Timings>> inference = among(contenders -> {
            Map<Integer, Map<BenchRunner, Timings>> byBatch = new TreeMap<>();
            TreeSet<Integer> batches = new TreeSet<>(BATCHES);
            batches.add(config.train().batch());
            for (int batch : batches) byBatch.put(batch, inference(contenders, batch));
            return byBatch;
        });
        progress.accept("by kind of op");
        return new BenchResult(machine, feed.name(), data, training, inference, among(this::profiles));
    }

    /** Opens the contenders for something and closes them again: the arrays of training are not kept for inference. */
    private <T> T among(Function<Map<BenchRunner, Subject>, T> work) {
        Map<BenchRunner, Subject> contenders = new EnumMap<>(BenchRunner.class);
        try {
            for (BenchRunner runner : runners) {
                progress.accept("loading " + runner.word());
                contenders.put(runner, runner.open(config));
            }
            return work.apply(contenders);
        } finally {
            contenders.values().forEach(Subject::close);
            contenders.clear();
            System.gc(); // plain SameDiff's arrays go no other way
        }
    }

    /**
     * What was measured.
     *
     * @param dataAlone images a second of the data when nothing else runs; empty for random data
     * @param inference by batch size
     */
    public record BenchResult(
            MachineInfo machine,
            String data,
            OptionalDouble dataAlone,
            Map<BenchRunner, StepTimes> training,
            Map<Integer, Map<BenchRunner, Timings>> inference,
            Map<BenchRunner, OpProfile> profiles) {}

    /** By kind of op, the dearest first: training steps (forward and backward) and inference at the config's batch. */
    public record OpProfile(int runs, List<OpTime> training, List<OpTime> inference) {}

    /**
     * Where a training step goes. The forward pass is measured by itself, in the graph that trains.
     *
     * @param data waiting for the batch
     * @param gradient forward and backward
     * @param step gradient and update, without waiting for data
     */
    public record StepTimes(Timings data, Timings forward, Timings gradient, Timings update, Timings step) {
        /** The difference of two medians. */
        public double backward() {
            return Math.max(0, gradient.median() - forward.median());
        }
    }

    private Map<BenchRunner, StepTimes> training(Map<BenchRunner, Subject> contenders) {
        Map<BenchRunner, List<Double>> data = lists();
        Map<BenchRunner, List<Double>> gradient = lists();
        Map<BenchRunner, List<Double>> update = lists();
        Map<BenchRunner, List<Double>> step = lists();
        rounds("training", contenders, (runner, contender) -> {
            Batch[] batch = new Batch[1];
            data.get(runner).add(Stopwatch.seconds(() -> batch[0] = feed.next()));
            double forwardAndBackward = Stopwatch.seconds(() -> contender.gradient(batch[0]));
            double optimizer = Stopwatch.seconds(contender::update);
            gradient.get(runner).add(forwardAndBackward);
            update.get(runner).add(optimizer);
            step.get(runner).add(forwardAndBackward + optimizer);
        });
        Map<BenchRunner, List<Double>> forward = lists();
        rounds("forward", contenders, (runner, contender) -> {
            Batch batch = feed.next();
            forward.get(runner).add(Stopwatch.seconds(() -> contender.forward(batch)));
        });
        Map<BenchRunner, StepTimes> split = new EnumMap<>(BenchRunner.class);
        for (BenchRunner runner : runners) {
            split.put(
                    runner,
                    new StepTimes(
                            counted(data.get(runner)),
                            counted(forward.get(runner)),
                            counted(gradient.get(runner)),
                            counted(update.get(runner)),
                            counted(step.get(runner))));
        }
        return split;
    }

    private Map<BenchRunner, Timings> inference(Map<BenchRunner, Subject> contenders, int batch) {
        Map<BenchRunner, List<Double>> seconds = lists();
        try (INDArray images = BenchNetwork.images(BenchData.random(config, batch))) {
            rounds(
                    "inference at batch " + batch,
                    contenders,
                    (runner, contender) -> seconds.get(runner).add(Stopwatch.seconds(() -> contender.infer(images))));
        }
        Map<BenchRunner, Timings> timings = new EnumMap<>(BenchRunner.class);
        seconds.forEach((runner, all) -> timings.put(runner, counted(all)));
        return timings;
    }

    private Map<BenchRunner, OpProfile> profiles(Map<BenchRunner, Subject> contenders) {
        Map<BenchRunner, OpProfile> profiles = new EnumMap<>(BenchRunner.class);
        Batch batch = feed.next();
        try (INDArray images = BenchNetwork.images(batch)) {
            contenders.forEach((runner, contender) -> {
                contender.gradient(batch); // draws up the plans
                contender.infer(images);
                OpProfile profile = new OpProfile(
                        steps, contender.profileTraining(batch, steps), contender.profileInference(images, steps));
                if (!profile.training.isEmpty()) profiles.put(runner, profile);
            });
        }
        return profiles;
    }

    private interface BenchTurn {
        void take(BenchRunner runner, Subject contender);
    }

    private void rounds(String what, Map<BenchRunner, Subject> contenders, BenchTurn turn) {
        progress.accept(what);
        for (int round = 0; round < WARM_UP + steps; round++) contenders.forEach(turn::take);
    }

    private static Timings counted(List<Double> seconds) {
        return Timings.of(seconds.subList(WARM_UP, seconds.size()));
    }

    private Map<BenchRunner, List<Double>> lists() {
        Map<BenchRunner, List<Double>> lists = new EnumMap<>(BenchRunner.class);
        for (BenchRunner runner : runners) lists.put(runner, new ArrayList<>());
        return lists;
    }

    @Override
    public void close() {
        feed.close();
    }
}
