package org.vit4j.data.shards;

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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.data.datasets.ImageFolder;
import org.vit4j.io.AtomicFiles;

/**
 * The file {@code _info.json} or {@code info.json} next to tar files, with the files of each split, as timm's
 * {@code data/readers/reader_wds.py} reads it.
 *
 * @param file the JSON file
 * @param splits by name
 */
record ShardInfo(Path file, Map<String, InfoSplit> splits) {
    private static final Logger LOG = LoggerFactory.getLogger(ShardInfo.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> NAMES = List.of("_info.json", "info.json");
    private static final String TRAIN = "train";

    /**
     * Files of a split.
     *
     * @param lengths number of samples of each file; empty if the file has none
     * @param label key of the label in the JSON members of the samples; empty for {@code .cls}
     */
    record InfoSplit(List<Path> files, List<Integer> lengths, String label) {}

    /**
     * Reads the file of a directory of tar files.
     *
     * @return empty for other paths, and without a file that has splits
     * @throws ConfigError if it is not JSON, or lists a file that does not exist
     */
    static Optional<ShardInfo> read(ShardFormat format, String path) {
        Path directory = UserPath.of(path);
        if (format != ShardFormat.WEBDATASET || !Files.isDirectory(directory)) return Optional.empty();
        for (String name : NAMES) {
            Path file = directory.resolve(name);
            if (!Files.isRegularFile(file)) continue;
            JsonNode splits = parse(file).path("splits");
            if (!splits.isObject()) continue;
            Map<String, InfoSplit> found = new LinkedHashMap<>();
            splits.properties().forEach(entry -> found.put(entry.getKey(), split(file, entry.getValue())));
            return Optional.of(new ShardInfo(file, found));
        }
        return Optional.empty();
    }

    private static JsonNode parse(Path file) {
        try {
            return JSON.readTree(file.toFile());
        } catch (com.fasterxml.jackson.core.JacksonException e) {
            throw new ConfigError(file + ": is not JSON; correct or remove it", e);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
    }

    private static InfoSplit split(Path file, JsonNode split) {
        List<Path> files = new ArrayList<>();
        for (JsonNode name : split.path("filenames")) {
            Path shard = file.resolveSibling(name.asText());
            if (!Files.isRegularFile(shard))
                throw new ConfigError(shard + ": does not exist; expected all files that " + file
                        + " lists (set data.train_shards and data.val_shards for some of them)");
            files.add(shard);
        }
        List<Integer> lengths = new ArrayList<>();
        split.path("shard_lengths").forEach(length -> lengths.add(length.asInt()));
        if (lengths.size() != files.size()) lengths.clear();
        return new InfoSplit(files, lengths, split.path("alt_label").asText(""));
    }

    /** Training files; empty if they are not listed. */
    Optional<InfoSplit> train() {
        return split(TRAIN);
    }

    /** Validation files, of the first of the names of such a split; empty if they are not listed. */
    Optional<InfoSplit> validation() {
        return ImageFolder.VALIDATION.stream()
                .flatMap(name -> split(name).stream())
                .findFirst();
    }

    private Optional<InfoSplit> split(String name) {
        return Optional.ofNullable(splits.get(name))
                .filter(split -> !split.files().isEmpty());
    }

    /** Keys with the label of the file, if the config has none. */
    ShardConfig labels(ShardConfig config) {
        Optional<String> label = splits.values().stream()
                .map(InfoSplit::label)
                .filter(key -> !key.isEmpty())
                .findFirst();
        if (label.isEmpty() || config.labelColumn().isPresent()) return config;
        return new ShardConfig(
                config.trainShards(),
                config.valShards(),
                config.shuffleBuffer(),
                config.imageColumn(),
                label.map(key -> "json." + key));
    }

    /** Logs a warning for each tar file that has more or fewer samples than the file states. */
    void check(ShardStore store) {
        Map<Path, Integer> stated = new LinkedHashMap<>();
        for (InfoSplit split : splits.values())
            for (int i = 0; i < split.lengths().size(); i++)
                stated.put(split.files().get(i), split.lengths().get(i));
        for (Shard shard : store.shards()) {
            Integer length = stated.get(shard.file());
            if (length != null && length != shard.size())
                LOG.warn("{}: has {} samples, but {} in {}", shard.file(), shard.size(), length, file);
        }
    }
}
