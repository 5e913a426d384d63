package org.vit4j.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.models.Models;

/**
 * Contents of a run directory, finished or not.
 *
 * @param epochs lines of {@code metrics.jsonl}: numbers by key
 * @param yaml resolved config
 * @param environment contents of {@code environment.json}; empty if missing
 */
public record RunRecord(
        Path directory, List<Map<String, Double>> epochs, String yaml, Map<String, String> environment) {
    private static final ObjectMapper JSON = new ObjectMapper();

    public RunRecord {
        epochs = List.copyOf(epochs);
    }

    /**
     * Reads a run directory. {@code epochs} is empty if no epoch has finished.
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
            throw new ConfigError(
                    directory + ": is a sweep directory; expected run directories, such as " + directory.resolve("*"));
        }
        if (!Files.exists(config)) {
            throw new ConfigError(directory + ": not a run directory: missing config.yaml");
        }
        String yaml = text(config);
        Config.values(yaml, config.toString());
        Path metrics = directory.resolve("metrics.jsonl");
        List<Map<String, Double>> epochs = Files.exists(metrics) ? epochs(metrics) : List.of();
        Path environment = directory.resolve("environment.json");
        return new RunRecord(directory, epochs, yaml, Files.exists(environment) ? environment(environment) : Map.of());
    }

    private static List<Map<String, Double>> epochs(Path file) {
        List<Map<String, Double>> epochs = new ArrayList<>();
        int number = 0;
        for (String line : text(file).lines().toList()) {
            number++;
            Map<String, Double> values = new LinkedHashMap<>();
            parse(line, file + ":" + number).properties().forEach(field -> {
                JsonNode value = field.getValue();
                // JSON has no NaN or infinity; Jackson writes them as text.
                if (value.isNumber()) values.put(field.getKey(), value.asDouble());
                else if (value.isTextual()) values.put(field.getKey(), Double.NaN);
            });
            if (!values.containsKey("epoch")) throw new ConfigError(file + ":" + number + ": missing 'epoch'");
            epochs.add(values);
        }
        return epochs;
    }

    private static Map<String, String> environment(Path file) {
        JsonNode json = parse(text(file), file.toString());
        return JSON.convertValue(json, new TypeReference<LinkedHashMap<String, String>>() {});
    }

    private static JsonNode parse(String text, String where) {
        try {
            JsonNode node = JSON.readTree(text);
            if (node.isObject()) return node;
        } catch (JsonProcessingException e) {
            throw new ConfigError(where + ": not valid JSON: " + e.getOriginalMessage(), e);
        }
        throw new ConfigError(where + ": not valid JSON: expected an object");
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read as UTF-8 text: " + AtomicFiles.reason(e), e);
        }
    }

    /** Returns the name of the run, which is that of its directory. */
    public String name() {
        return directory.toAbsolutePath().normalize().getFileName().toString();
    }

    /** Returns true if any epoch has the metric. */
    public boolean has(String key) {
        return epochs.stream().anyMatch(epoch -> epoch.containsKey(key));
    }

    /** Returns a metric by epoch, without epochs that do not have it. */
    public List<Chart.ChartPoint> curve(String key) {
        return epochs.stream()
                .filter(epoch -> epoch.containsKey(key))
                .map(epoch -> new Chart.ChartPoint(epoch.get("epoch"), epoch.get(key)))
                .toList();
    }

    /**
     * Epoch and validation results of {@code model.keras}.
     *
     * @param averaged whether the weights are the exponential moving average
     */
    public record BestEpoch(int epoch, double top1, double loss, boolean averaged) {
        boolean isBetterThan(BestEpoch other) {
            return top1 != other.top1 ? top1 > other.top1 : loss < other.loss;
        }
    }

    /** Returns the best weights or EMA weights by the trainer's rule: accuracy, then loss; the earlier one if equal. */
    public Optional<BestEpoch> best() {
        return epochs.stream().map(RunRecord::best).reduce((a, b) -> b.isBetterThan(a) ? b : a);
    }

    private static BestEpoch best(Map<String, Double> epoch) {
        BestEpoch weights = candidate(epoch, "val_", false);
        BestEpoch average = candidate(epoch, "val_ema_", true);
        return average.isBetterThan(weights) ? average : weights;
    }

    private static BestEpoch candidate(Map<String, Double> epoch, String prefix, boolean averaged) {
        return new BestEpoch(
                epoch.get("epoch").intValue(),
                epoch.getOrDefault(prefix + "top1", averaged ? -1.0 : 0.0),
                epoch.getOrDefault(prefix + "loss", Double.NaN),
                averaged);
    }

    /** Returns the metrics of the last epoch. */
    public Optional<Map<String, Double>> last() {
        return epochs.isEmpty() ? Optional.empty() : Optional.of(epochs.get(epochs.size() - 1));
    }

    /** Returns the time of all epochs, including validation. */
    public double seconds() {
        return epochs.stream().mapToDouble(e -> e.getOrDefault("seconds", 0.0)).sum();
    }

    /** Returns the median over the epochs, which is robust against pauses of the machine. */
    public OptionalDouble imagesPerSecond() {
        double[] rates = epochs.stream()
                .filter(e -> e.containsKey("images_per_second"))
                .mapToDouble(e -> e.get("images_per_second"))
                .sorted()
                .toArray();
        int n = rates.length;
        return n == 0 ? OptionalDouble.empty() : OptionalDouble.of((rates[(n - 1) / 2] + rates[n / 2]) / 2);
    }

    /** Returns all config values by path. */
    public Map<String, String> config() {
        return Config.values(yaml, directory.resolve("config.yaml").toString());
    }

    /** Returns the number of parameter elements; empty if this version cannot build the model of the config. */
    public OptionalLong parameters() {
        try {
            Config config =
                    Config.parseSaved(yaml, directory.resolve("config.yaml").toString());
            return Models.builtIn()
                    .read(config.root().section("model"))
                    .map(model -> OptionalLong.of(model.build().parameterCount()))
                    .orElse(OptionalLong.empty());
        } catch (RuntimeException e) {
            return OptionalLong.empty();
        }
    }
}
