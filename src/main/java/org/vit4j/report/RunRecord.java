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
import org.vit4j.models.ModelConfig;

/**
 * A run as its directory tells it, whatever wrote it and however it ended.
 *
 * @param epochs the lines of {@code metrics.jsonl}: every number by its key
 * @param yaml the resolved config
 * @param environment of {@code environment.json}; empty when there is none
 */
public record RunRecord(
        Path directory, List<Map<String, Double>> epochs, String yaml, Map<String, String> environment) {
    private static final ObjectMapper JSON = new ObjectMapper();

    public RunRecord {
        epochs = List.copyOf(epochs);
    }

    /**
     * Reads a run; one that has not finished an epoch yet has no epochs.
     *
     * @throws ConfigError when it is no run directory, or a file in it is damaged
     */
    public static RunRecord read(Path directory) {
        if (!Files.isDirectory(directory)) {
            String what = Files.exists(directory) ? "is a file" : "does not exist";
            throw new ConfigError(
                    directory + ": " + what + "; expected the directory of a run, such as runs/digits-vit");
        }
        Path config = directory.resolve("config.yaml");
        if (Files.exists(directory.resolve("sweep.json"))) {
            throw new ConfigError(directory + ": holds a sweep; name its runs, such as " + directory.resolve("*"));
        }
        if (!Files.exists(config)) {
            throw new ConfigError(directory + ": is not the directory of a run: it has no config.yaml");
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
                // JSON has no word for what is no number; Jackson writes it as text.
                if (value.isNumber()) values.put(field.getKey(), value.asDouble());
                else if (value.isTextual()) values.put(field.getKey(), Double.NaN);
            });
            if (!values.containsKey("epoch")) throw new ConfigError(file + ":" + number + ": is no line of metrics");
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
            throw new ConfigError(where + ": is damaged: " + e.getOriginalMessage(), e);
        }
        throw new ConfigError(where + ": is damaged: expected a JSON object");
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read as UTF-8 text: " + AtomicFiles.reason(e), e);
        }
    }

    /** How the run is called: its directory. */
    public String name() {
        return directory.toAbsolutePath().normalize().getFileName().toString();
    }

    public boolean has(String key) {
        return epochs.stream().anyMatch(epoch -> epoch.containsKey(key));
    }

    /** A column of the metrics against the epoch; lines without it are left out. */
    public List<Chart.ChartPoint> curve(String key) {
        return epochs.stream()
                .filter(epoch -> epoch.containsKey(key))
                .map(epoch -> new Chart.ChartPoint(epoch.get("epoch"), epoch.get(key)))
                .toList();
    }

    /**
     * What {@code model.keras} is.
     *
     * @param averaged whether the moving average of the weights did better than the weights
     */
    public record BestEpoch(int epoch, double top1, double loss, boolean averaged) {
        boolean betterThan(BestEpoch other) {
            return top1 != other.top1 ? top1 > other.top1 : loss < other.loss;
        }
    }

    /** The best weights, or average of weights, as the trainer chooses: by accuracy, then by loss; the earlier of two. */
    public Optional<BestEpoch> best() {
        return epochs.stream().map(RunRecord::best).reduce((a, b) -> b.betterThan(a) ? b : a);
    }

    private static BestEpoch best(Map<String, Double> epoch) {
        BestEpoch weights = candidate(epoch, "val_", false);
        BestEpoch average = candidate(epoch, "val_ema_", true);
        return average.betterThan(weights) ? average : weights;
    }

    private static BestEpoch candidate(Map<String, Double> epoch, String prefix, boolean averaged) {
        return new BestEpoch(
                epoch.get("epoch").intValue(),
                epoch.getOrDefault(prefix + "top1", averaged ? -1.0 : 0.0),
                epoch.getOrDefault(prefix + "loss", Double.NaN),
                averaged);
    }

    public Optional<Map<String, Double>> last() {
        return epochs.isEmpty() ? Optional.empty() : Optional.of(epochs.get(epochs.size() - 1));
    }

    /** All epochs, validation included. */
    public double seconds() {
        return epochs.stream().mapToDouble(e -> e.getOrDefault("seconds", 0.0)).sum();
    }

    /** The median over the epochs, which a pause of the machine does not move. */
    public OptionalDouble imagesPerSecond() {
        double[] rates = epochs.stream()
                .filter(e -> e.containsKey("images_per_second"))
                .mapToDouble(e -> e.get("images_per_second"))
                .sorted()
                .toArray();
        int n = rates.length;
        return n == 0 ? OptionalDouble.empty() : OptionalDouble.of((rates[(n - 1) / 2] + rates[n / 2]) / 2);
    }

    /** Every value of the config by its path. */
    public Map<String, String> config() {
        return Config.values(yaml, directory.resolve("config.yaml").toString());
    }

    /** Of the network the config builds; empty when this version cannot build it. */
    public OptionalLong parameters() {
        try {
            Config config = Config.whole(yaml, directory.resolve("config.yaml").toString());
            return ModelConfig.read(config.root().section("model"))
                    .map(model -> OptionalLong.of(model.build().parameterCount()))
                    .orElse(OptionalLong.empty());
        } catch (RuntimeException e) {
            return OptionalLong.empty();
        }
    }
}
