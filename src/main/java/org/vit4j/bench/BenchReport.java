package org.vit4j.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.vit4j.backend.OpTime;
import org.vit4j.machine.Environment;
import org.vit4j.report.ModelSummary;
import org.vit4j.run.RunConfig;

/**
 * A benchmark as JSON and as a table.
 *
 * @param memory peak memory; empty if the operating system does not report it
 */
public record BenchReport(
        RunConfig config, int steps, Bench.BenchResult measured, Map<BenchRunner, PeakMemory> memory) {
    /** Matrix products of a training step relative to the forward pass: the backward pass needs two for each. */
    private static final int TRAINING_PASSES = 3;

    /** Maximum number of kinds of op in the table; the JSON contains all. */
    private static final int PROFILE_ROWS = 8;

    /** The JSON report: images per second, seconds, bytes, GFLOP/s. */
    public Map<String, Object> toMap() {
        int batch = config.train().batch();
        Map<String, Object> all = new LinkedHashMap<>(summary().headline());
        all.put("batch", batch);
        all.put("steps", steps);
        all.put("warm_up", Bench.WARM_UP);
        all.put("data", measured.data());
        measured.dataAlone().ifPresent(rate -> all.put("data_images_per_second", rate));
        measured.dataRates().ifPresent(rates -> all.put("data_images_per_second_and_core", rates(rates)));
        all.put(
                "training",
                byRunner(measured.training(), split -> batch / split.step().median()));
        all.put("inference", byRunner(inferenceAt(batch), timings -> batch / timings.median()));
        Map<String, Object> byBatch = new LinkedHashMap<>();
        measured.inference()
                .forEach((size, timings) ->
                        byBatch.put(String.valueOf(size), byRunner(timings, t -> size / t.median())));
        all.put("inference_by_batch", byBatch);
        all.put("peak_memory", byRunner(memory, PeakMemory::training));
        all.put("peak_memory_inference", byRunner(memory, PeakMemory::inference));
        all.put("gflops", gflops());
        all.put("seconds", seconds());
        all.put("split", byRunner(measured.training(), BenchReport::split));
        all.put("profile", byRunner(measured.profiles(), BenchReport::profile));
        if (!measured.serving().isEmpty())
            all.put(
                    "serving",
                    measured.serving().stream().map(ServingTimes::toMap).toList());
        MachineInfo machine = measured.machine();
        all.put("threads", machine.threads());
        all.put("processor", machine.processor());
        all.put("processors", machine.processors());
        all.put("environment", Environment.describe());
        return all;
    }

    private static Map<String, Double> rates(DataRates rates) {
        Map<String, Double> all = new LinkedHashMap<>();
        all.put("decode", rates.decode());
        all.put("evaluation", rates.evaluation());
        all.put("augmentation", rates.augmentation());
        return all;
    }

    private ModelSummary summary() {
        return ModelSummary.of(config.name(), config.model());
    }

    private Map<BenchRunner, Timings> inferenceAt(int batch) {
        return measured.inference().get(batch);
    }

    private Map<String, Object> gflops() {
        int batch = config.train().batch();
        double pass = 2.0 * summary().macs() * batch / 1e9;
        Map<String, Object> all = new LinkedHashMap<>();
        all.put(
                "training",
                byRunner(
                        measured.training(),
                        s -> TRAINING_PASSES * pass / s.step().median()));
        all.put("inference", byRunner(inferenceAt(batch), timings -> pass / timings.median()));
        all.put("matmul_peak", measured.machine().matmulGflops());
        return all;
    }

    private Map<String, Object> seconds() {
        Map<String, Object> byBatch = new LinkedHashMap<>();
        measured.inference()
                .forEach((size, timings) -> byBatch.put(String.valueOf(size), byRunner(timings, BenchReport::spread)));
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("training", byRunner(measured.training(), split -> spread(split.step())));
        all.put("inference_by_batch", byBatch);
        return all;
    }

    private static Map<String, Double> spread(Timings timings) {
        Map<String, Double> all = new LinkedHashMap<>();
        all.put("p10", timings.p10());
        all.put("median", timings.median());
        all.put("p90", timings.p90());
        return all;
    }

    private static Map<String, Double> split(Bench.StepTimes split) {
        Map<String, Double> all = new LinkedHashMap<>();
        all.put("data", split.data().median());
        all.put("forward", split.forward().median());
        all.put("backward", split.backward());
        all.put("optimizer", split.update().median());
        return all;
    }

    private static Map<String, Object> profile(Bench.OpProfile profile) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("training", profile(profile.training(), profile.runs()));
        all.put("inference", profile(profile.inference(), profile.runs()));
        return all;
    }

    private static List<Map<String, Object>> profile(List<OpTime> times, int runs) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (OpTime time : times) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("op", time.op());
            one.put("count", time.count() / runs);
            one.put("seconds", time.nanos() / 1e9 / runs);
            all.add(one);
        }
        return all;
    }

    private static <T> Map<String, Object> byRunner(Map<BenchRunner, T> results, Function<T, Object> value) {
        Map<String, Object> all = new LinkedHashMap<>();
        results.forEach((runner, result) -> all.put(runner.word(), value.apply(result)));
        return all;
    }

    /** The report as a table for the console. */
    public String table() {
        MachineInfo machine = measured.machine();
        int batch = config.train().batch();
        ModelSummary summary = summary();
        List<String> lines = new ArrayList<>();
        lines.add(line(
                "%s: %s (%s), %,d parameters, %,d MACs per image, batch %d, data: %s",
                summary.name(), summary.arch(), summary.flavor(), summary.parameters(), summary.macs(), batch, data()));
        lines.add(line(
                "%s, %d threads, matrix product up to %.0f GFLOP/s; medians of %d steps",
                machine.processor(), machine.threads(), machine.matmulGflops(), steps));
        measured.dataRates()
                .ifPresent(rates -> lines.add(line(
                        "data, images/s per core: decode %.0f, evaluation transform %.0f, augmentation %.0f",
                        rates.decode(), rates.evaluation(), rates.augmentation())));
        lines.add("");
        lines.add(line(
                "%-12s %10s %19s %9s   %9s %9s %9s %9s %10s",
                "training",
                "images/s",
                "p10..p90",
                "GFLOP/s",
                "data ms",
                "forward",
                "backward",
                "optimizer",
                "peak MB"));
        double pass = 2.0 * summary.macs() * batch / 1e9;
        measured.training()
                .forEach((runner, split) -> lines.add(line(
                        "%-12s %s %9.1f   %9.1f %9.1f %9.1f %9.1f %10s",
                        runner.word(),
                        rates(batch, split.step()),
                        TRAINING_PASSES * pass / split.step().median(),
                        1e3 * split.data().median(),
                        1e3 * split.forward().median(),
                        1e3 * split.backward(),
                        1e3 * split.update().median(),
                        megabytes(runner, PeakMemory::training))));
        measured.inference().forEach((size, timings) -> {
            lines.add("");
            lines.add(line(
                    "%-12s %10s %19s %9s%s",
                    "batch " + size, "images/s", "p10..p90", "GFLOP/s", size == batch ? "     peak MB" : ""));
            timings.forEach((runner, t) -> lines.add(line(
                    "%-12s %s %9.1f%s",
                    runner.word(),
                    rates(size, t),
                    2.0 * summary.macs() * size / 1e9 / t.median(),
                    size == batch ? line("  %10s", megabytes(runner, PeakMemory::inference)) : "")));
        });
        if (!measured.serving().isEmpty()) {
            lines.addAll(List.of("", ServingTimes.HEAD));
            measured.serving().forEach(times -> lines.add(times.line()));
        }
        measured.profiles().forEach((runner, profile) -> {
            lines.add("");
            lines.add(line("time of a training step by kind of op: %s", runner.word()));
            long all = profile.training().stream().mapToLong(OpTime::nanos).sum();
            profile.training().stream()
                    .limit(PROFILE_ROWS)
                    .forEach(time -> lines.add(line(
                            "  %5.1f%%  %8.2f ms  %5d calls  %s",
                            100.0 * time.nanos() / all,
                            time.nanos() / 1e6 / profile.runs(),
                            time.count() / profile.runs(),
                            time.op())));
        });
        return String.join(System.lineSeparator(), lines) + System.lineSeparator();
    }

    private String data() {
        if (measured.dataAlone().isEmpty()) return measured.data();
        return line(
                "%s (%.0f images/s loading alone)",
                measured.data(), measured.dataAlone().getAsDouble());
    }

    private static String rates(int batch, Timings t) {
        String spread = line("%.1f..%.1f", batch / t.p90(), batch / t.p10());
        return line("%10.1f %19s", batch / t.median(), spread);
    }

    private String megabytes(BenchRunner runner, Function<PeakMemory, Long> bytes) {
        return memory.containsKey(runner) ? line("%.0f", bytes.apply(memory.get(runner)) / 1e6) : "unknown";
    }

    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
