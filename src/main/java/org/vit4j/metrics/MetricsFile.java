package org.vit4j.metrics;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.vit4j.config.ConfigError;
import org.vit4j.config.TextFiles;

/**
 * Reader and writer of {@code metrics.jsonl}: one JSON object per finished epoch.
 *
 * @param lines numbers of each epoch by key; keys without a number are left out
 */
public record MetricsFile(List<Map<String, Double>> lines) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TypeReference<LinkedHashMap<String, Object>> MAP = new TypeReference<>() {};

    public MetricsFile {
        lines = List.copyOf(lines);
    }

    /** Returns the file of a run directory. */
    public static Path of(Path directory) {
        return directory.resolve("metrics.jsonl");
    }

    /**
     * Reads the file of a run directory; without lines if it does not exist.
     *
     * @throws ConfigError if it cannot be read, or a line is not an object with an epoch
     */
    public static MetricsFile read(Path directory) {
        Path file = of(directory);
        List<Map<String, Double>> lines = new ArrayList<>();
        if (!Files.exists(file)) return new MetricsFile(lines);
        for (String line : TextFiles.read(file).lines().toList())
            lines.add(numbers(line, file + ":" + (lines.size() + 1)));
        return new MetricsFile(lines);
    }

    private static Map<String, Double> numbers(String line, String where) {
        Map<String, Double> values = new LinkedHashMap<>();
        TextFiles.jsonObject(line, where).properties().forEach(field -> {
            JsonNode value = field.getValue();
            // JSON has no NaN or infinity; Jackson writes them as text.
            if (field.getKey().equals("metrics")) values.putAll(numbers(value));
            else if (value.isNumber()) values.put(field.getKey(), value.asDouble());
            else if (value.isTextual()) values.put(field.getKey(), Double.NaN);
        });
        if (!values.containsKey("epoch")) throw new ConfigError(where + ": missing 'epoch'");
        return values;
    }

    /** Further metrics; null stands for NaN. */
    private static Map<String, Double> numbers(JsonNode further) {
        Map<String, Double> values = new LinkedHashMap<>();
        further.properties()
                .forEach(field -> values.put(field.getKey(), field.getValue().asDouble(Double.NaN)));
        return values;
    }

    /** Returns the metrics of all epochs. */
    public List<EpochMetrics> epochs() {
        return lines.stream().map(EpochMetrics::of).toList();
    }

    /** Formats the file of a run. */
    public static String format(List<EpochMetrics> epochs) {
        return epochs.stream().map(epoch -> line(epoch) + "\n").collect(Collectors.joining());
    }

    private static String line(EpochMetrics epoch) {
        try {
            return JSON.writeValueAsString(epoch);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the values of a line by key, further metrics included. */
    public static Map<String, Object> values(EpochMetrics epoch) {
        Map<String, Object> values = JSON.convertValue(epoch, MAP);
        values.remove("metrics");
        values.putAll(epoch.metrics());
        return values;
    }
}
