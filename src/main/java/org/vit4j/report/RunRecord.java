package org.vit4j.report;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.DoubleStream;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.config.TextFiles;
import org.vit4j.metrics.BestEpoch;
import org.vit4j.metrics.BestMetric;
import org.vit4j.metrics.MetricsFile;
import org.vit4j.metrics.ValidationMetrics;
import org.vit4j.models.Models;

/**
 * Contents of a run directory, finished or not.
 *
 * @param metrics lines of {@code metrics.jsonl}
 * @param yaml resolved config
 * @param environment contents of {@code environment.json}; empty if missing
 */
public record RunRecord(Path directory, MetricsFile metrics, String yaml, Map<String, String> environment) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Reads a run directory. {@code metrics} is empty if no epoch has finished.
     *
     * @throws ConfigError if it is not a run directory, or a file in it cannot be read
     */
    public static RunRecord read(Path directory) {
        if (!Files.isDirectory(directory)) {
            String problem = Files.exists(directory) ? "not a directory" : "does not exist";
            throw new ConfigError(directory + ": " + problem + "; expected a run directory, such as runs/digits-vit");
        }
        Path config = directory.resolve("config.yaml");
        if (Files.exists(directory.resolve("sweep.json"))) {
            throw new ConfigError(directory + ": is a sweep directory; expected run directories, such as "
                    + directory.resolve("*") + "/");
        }
        if (!Files.exists(config)) {
            throw new ConfigError(directory + ": not a run directory: missing config.yaml");
        }
        String yaml = TextFiles.read(config);
        Config.values(yaml, config.toString());
        MetricsFile metrics = MetricsFile.read(directory);
        Path environment = directory.resolve("environment.json");
        return new RunRecord(directory, metrics, yaml, Files.exists(environment) ? environment(environment) : Map.of());
    }

    private static Map<String, String> environment(Path file) {
        JsonNode json = TextFiles.jsonObject(TextFiles.read(file), file.toString());
        return JSON.convertValue(json, new TypeReference<LinkedHashMap<String, String>>() {});
    }

    /** Returns the name of the run, which is that of its directory. */
    public String name() {
        return directory.toAbsolutePath().normalize().getFileName().toString();
    }

    /** Returns the finished epochs: numbers by key. */
    public List<Map<String, Double>> epochs() {
        return metrics.lines();
    }

    /** Returns true if any epoch has the metric. */
    public boolean has(String key) {
        return epochs().stream().anyMatch(epoch -> epoch.containsKey(key));
    }

    /** Returns a metric by epoch, without epochs that do not have it. */
    public List<Chart.ChartPoint> curve(String key) {
        return epochs().stream()
                .filter(epoch -> epoch.containsKey(key))
                .map(epoch -> new Chart.ChartPoint(epoch.get("epoch"), epoch.get(key)))
                .toList();
    }

    /** Returns a metric by epoch as a line of a chart, with the best epoch marked. */
    public Chart.ChartSeries line(String name, String key) {
        OptionalDouble marked = best().map(b -> OptionalDouble.of(b.epoch())).orElse(OptionalDouble.empty());
        return new Chart.ChartSeries(name, curve(key), marked);
    }

    /** Returns the time of the first start, such as {@code 2026-05-01 12:00:00 UTC}; empty if it was not recorded. */
    public Optional<String> started() {
        return Optional.ofNullable(environment.get("started"))
                .filter(time -> time.matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ"))
                .map(time -> time.replace("T", " ").replace("Z", " UTC"));
    }

    /** Returns the best epoch by the trainer's rule. */
    public Optional<BestEpoch> best() {
        return BestEpoch.of(metrics.epochs(), bestMetric());
    }

    /** Returns the validation metrics of the best epoch. */
    public Optional<ValidationMetrics> bestMetrics() {
        return BestEpoch.metrics(metrics.epochs(), bestMetric());
    }

    /** Returns the measure that selects the best epoch. */
    public BestMetric bestMetric() {
        return BestMetric.ofConfig(config());
    }

    /** Returns the metrics of the last epoch. */
    public Optional<Map<String, Double>> last() {
        int last = epochs().size() - 1;
        return last < 0 ? Optional.empty() : Optional.of(epochs().get(last));
    }

    /** Returns the number of optimizer steps after each epoch; empty for a run of a version that did not record it. */
    Map<Double, Double> steps() {
        Map<Double, Double> steps = new LinkedHashMap<>();
        epochs().stream().filter(e -> e.containsKey("step")).forEach(e -> steps.put(e.get("epoch"), e.get("step")));
        return steps;
    }

    /** Returns the training time after each epoch in seconds, including validation. */
    Map<Double, Double> times() {
        Map<Double, Double> times = new LinkedHashMap<>();
        double time = 0;
        for (Map<String, Double> epoch : epochs()) {
            time += epoch.getOrDefault("seconds", 0.0);
            times.put(epoch.get("epoch"), time);
        }
        return times;
    }

    /** Returns the time of all epochs, including validation. */
    public double seconds() {
        return epochs().stream()
                .mapToDouble(e -> e.getOrDefault("seconds", 0.0))
                .sum();
    }

    /** Returns the median over the epochs, which is robust against pauses of the machine. */
    public OptionalDouble imagesPerSecond() {
        return median(epochs().stream()
                .filter(e -> e.containsKey("images_per_second"))
                .mapToDouble(e -> e.get("images_per_second")));
    }

    /** Median; empty without values. */
    public static OptionalDouble median(DoubleStream values) {
        double[] sorted = values.sorted().toArray();
        int n = sorted.length;
        return n == 0 ? OptionalDouble.empty() : OptionalDouble.of((sorted[(n - 1) / 2] + sorted[n / 2]) / 2);
    }

    /** Returns all config values by path. */
    public Map<String, String> config() {
        return Config.values(yaml, directory.resolve("config.yaml").toString());
    }

    /** Returns the number of parameter elements; empty if this version cannot build the model of the config. */
    public OptionalLong parameters() {
        try {
            String label = directory.resolve("config.yaml").toString();
            return OptionalLong.of(Models.builtIn().saved(yaml, label).graph().parameterCount());
        } catch (RuntimeException e) {
            return OptionalLong.empty();
        }
    }
}
