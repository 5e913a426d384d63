package org.vit4j.data.shards;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/**
 * Keys of {@code data:} for {@code dataset: webdataset} and {@code dataset: parquet}.
 *
 * @param trainShards patterns of the training files; empty to find them by their names
 * @param valShards patterns of the validation files; empty to find them by their names
 * @param shuffleBuffer images among which the next one is drawn
 * @param imageColumn column of Parquet files, extension in tar files
 * @param labelColumn column of Parquet files, extension or {@code json.KEY} in tar files
 */
public record ShardConfig(
        List<String> trainShards,
        List<String> valShards,
        int shuffleBuffer,
        Optional<String> imageColumn,
        Optional<String> labelColumn) {
    /** Images in the buffer by default. */
    public static final int DEFAULT_BUFFER = 2048;

    /** Files by their names, and usual columns. */
    public static final ShardConfig DEFAULTS =
            new ShardConfig(List.of(), List.of(), DEFAULT_BUFFER, Optional.empty(), Optional.empty());

    /** Names of the keys. */
    public static final List<String> KEYS =
            List.of("train_shards", "val_shards", "shuffle_buffer", "image_column", "label_column");

    public ShardConfig {
        trainShards = List.copyOf(trainShards);
        valShards = List.copyOf(valShards);
        Checks.positive("shuffle_buffer", shuffleBuffer);
        Checks.check(
                trainShards.isEmpty() || !valShards.isEmpty(),
                "train_shards",
                trainShards,
                "requires val_shards, the validation files");
        Checks.check(imageColumn.filter(String::isBlank).isEmpty(), "image_column", "", "must not be empty");
        Checks.check(labelColumn.filter(String::isBlank).isEmpty(), "label_column", "", "must not be empty");
    }

    /** Reads the keys; the result checks them. */
    public static Supplier<ShardConfig> read(Section s) {
        List<String> train = s.has("train_shards") ? s.stringsAt("train_shards", List.of()) : List.of();
        List<String> val = s.has("val_shards") ? s.stringsAt("val_shards", List.of()) : List.of();
        int buffer = s.intUnlessOff("shuffle_buffer", DEFAULT_BUFFER, 1);
        Optional<String> image = s.optionalString("image_column");
        Optional<String> label = s.optionalString("label_column");
        return () -> new ShardConfig(train, val, buffer, image, label);
    }

    /** Names of the keys that are set. */
    public List<String> written() {
        List<Boolean> set = List.of(
                !trainShards.isEmpty(),
                !valShards.isEmpty(),
                shuffleBuffer != DEFAULT_BUFFER,
                imageColumn.isPresent(),
                labelColumn.isPresent());
        return IntStream.range(0, KEYS.size())
                .filter(set::get)
                .mapToObj(KEYS::get)
                .toList();
    }
}
