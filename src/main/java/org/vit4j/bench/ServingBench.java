package org.vit4j.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Backend;
import org.vit4j.backend.Inference;
import org.vit4j.machine.CpuThreads;
import org.vit4j.run.RunConfig;

/**
 * Several callers of one network with one image per call, as in a server: concurrent calls that share the processors, and
 * calls under one lock that use all of them. The settings alternate in turns.
 */
final class ServingBench implements AutoCloseable {
    /** Default duration of a turn in seconds; a setting has {@link #TURNS} of them. */
    static final double TURN = 0.75;

    private static final int TURNS = 4;
    private static final int WARM_UP_CALLS = 20;

    private final Inference inference;
    private final INDArray image;
    private final double turn;
    private final Lock lock = new ReentrantLock(true);
    private final int threads = CpuThreads.current();

    ServingBench(RunConfig config, double turn) {
        this.turn = turn;
        BenchNetwork network = new BenchNetwork(config);
        Backend backend = Backend.ONEDNN.with(config.train().backend().precision());
        this.inference = backend.fixedInference(network.graph(), network.parameters());
        this.image = BenchNetwork.images(BenchData.random(config, 1));
    }

    /**
     * A way to call the network.
     *
     * @param threads threads of the kernels of one call
     * @param locked true if one lock admits one call at a time
     */
    record ServingSetting(int callers, int threads, boolean locked) {}

    /** Latencies of one turn of a setting, and the duration of the turn in seconds. */
    private record ServingTurn(List<Double> latencies, double seconds) {}

    /** Measures each number of callers, concurrent and under one lock. */
    List<ServingTimes> measure(List<Integer> callers) {
        Map<ServingSetting, ExecutorService> settings = new LinkedHashMap<>();
        try {
            for (int count : callers) {
                for (ServingSetting setting : settings(count))
                    settings.put(setting, Executors.newFixedThreadPool(count));
            }
            settings.forEach((setting, pool) -> turn(setting, pool, 0)); // makes the plans
            Map<ServingSetting, List<ServingTurn>> turns = new LinkedHashMap<>();
            for (int i = 0; i < TURNS; i++) {
                settings.forEach((setting, pool) ->
                        turns.computeIfAbsent(setting, s -> new ArrayList<>()).add(turn(setting, pool, turn)));
            }
            return turns.entrySet().stream()
                    .map(entry -> times(entry.getKey(), entry.getValue()))
                    .toList();
        } finally {
            settings.values().forEach(ExecutorService::shutdownNow);
        }
    }

    /** One caller never waits for the lock, so it has one setting. */
    private List<ServingSetting> settings(int callers) {
        ServingSetting locked = new ServingSetting(callers, threads, true);
        if (callers == 1) return List.of(locked);
        return List.of(locked, new ServingSetting(callers, Math.max(1, threads / callers), false));
    }

    private ServingTurn turn(ServingSetting setting, ExecutorService pool, double seconds) {
        long begin = System.nanoTime();
        Callable<List<Double>> caller = () -> calls(setting, begin + (long) (1e9 * seconds));
        try {
            List<Double> latencies = new ArrayList<>();
            for (Future<List<Double>> calls : pool.invokeAll(
                    Stream.generate(() -> caller).limit(setting.callers).toList())) {
                latencies.addAll(calls.get());
            }
            return new ServingTurn(latencies, (System.nanoTime() - begin) / 1e9);
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException("a caller failed", e);
        }
    }

    /** Calls until the time {@code end} in nanoseconds; if it has passed already, a number of times to warm up. */
    private List<Double> calls(ServingSetting setting, long end) {
        CpuThreads.use(setting.threads);
        boolean warmUp = System.nanoTime() - end >= 0;
        List<Double> latencies = new ArrayList<>();
        while (warmUp ? latencies.size() < WARM_UP_CALLS : System.nanoTime() - end < 0) {
            latencies.add(Stopwatch.seconds(() -> call(setting.locked)));
        }
        return latencies;
    }

    private void call(boolean locked) {
        if (locked) lock.lock();
        try {
            inference.logitValues(image);
        } finally {
            if (locked) lock.unlock();
        }
    }

    private static ServingTimes times(ServingSetting setting, List<ServingTurn> turns) {
        List<Double> latencies =
                turns.stream().flatMap(turn -> turn.latencies.stream()).toList();
        double seconds = turns.stream().mapToDouble(ServingTurn::seconds).sum();
        return new ServingTimes(
                setting.callers,
                setting.threads,
                setting.locked,
                latencies.size() / seconds,
                Timings.quantile(latencies, 0.5),
                Timings.quantile(latencies, 0.99));
    }

    @Override
    public void close() {
        inference.close();
        image.close();
    }
}
