package org.vit4j.data.shards;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.DatasetSplits;
import org.vit4j.data.datasets.ImageFolder;
import org.vit4j.data.datasets.StratifiedSplit;

/** Opens datasets in shards. */
public final class ShardDatasets {
    private static final Logger LOG = LoggerFactory.getLogger(ShardDatasets.class);

    private ShardDatasets() {}

    /**
     * Classes and split of a dataset.
     *
     * @param classMap names in the order of the network's outputs; empty for the order of the files
     * @param valShare share of each class to hold out for validation
     */
    public record ShardSplit(List<String> classMap, OptionalDouble valShare, long seed) {}

    /**
     * Opens both splits.
     *
     * @param path directory, file or pattern of files
     * @throws ConfigError if files are missing or invalid
     */
    public static DatasetSplits open(
            ShardFormat format, String path, ShardConfig keys, ShardSplit split, ShardedImages.ImageReading reading) {
        Optional<ShardInfo> info = ShardInfo.read(format, path);
        ShardConfig config = info.map(file -> file.labels(keys)).orElse(keys);
        ShardFiles files =
                ShardFiles.find(format, path, config, split.valShare().isPresent());
        ShardStore train = ShardStore.of(format, files.train(), config);
        info.ifPresent(file -> file.check(train));
        LabelClasses classes = LabelClasses.of(train, split.classMap(), "in data.class_map");
        List<Integer> labels = classes.labels(train);
        if (split.valShare().isPresent()) return holdOut(path, train, labels, classes, config, split, reading);
        ShardStore validation = ShardStore.of(format, files.validation(), config);
        info.ifPresent(file -> file.check(validation));
        LOG.info(
                "{}: {} and {} images in {} and {} files, {} classes",
                path,
                train.size(),
                validation.size(),
                train.shards().size(),
                validation.shards().size(),
                classes.classes().size());
        return new DatasetSplits(
                all(path, train, labels, classes, config, reading),
                all(path, validation, classes.labels(validation), classes, config, reading));
    }

    /**
     * Opens the files of validation, or all files of a directory or pattern without splits, to evaluate a model.
     *
     * @param classes of the model, or their names in the files
     * @param where origin of the classes, for messages
     */
    public static Dataset evaluation(
            ShardFormat format,
            String path,
            ShardConfig keys,
            List<String> classes,
            String where,
            ShardedImages.ImageReading reading) {
        Optional<ShardInfo> info = ShardInfo.read(format, path);
        ShardConfig config = info.map(file -> file.labels(keys)).orElse(keys);
        ShardStore store = ShardStore.of(format, ShardFiles.evaluation(format, path), config);
        info.ifPresent(file -> file.check(store));
        LabelClasses found = LabelClasses.of(store, classes, where);
        return all(path, store, found.labels(store), found, config, reading);
    }

    /**
     * Format of a file or a pattern by its extension, or of a directory by the files in it, in data or in its splits.
     *
     * @throws ConfigError if the file or pattern is one of compressed shards
     */
    public static Optional<ShardFormat> format(String path) {
        Path place = UserPath.of(path);
        if (Files.isDirectory(place)) {
            List<String> below = new ArrayList<>(List.of("", "data"));
            below.addAll(ImageFolder.VALIDATION);
            return below.stream()
                    .map(place::resolve)
                    .flatMap(directory -> ofFiles(directory).stream())
                    .findFirst();
        }
        return Arrays.stream(ShardFormat.values())
                .filter(format -> format.matches(place))
                .findFirst();
    }

    private static Optional<ShardFormat> ofFiles(Path directory) {
        if (!Files.isDirectory(directory)) return Optional.empty();
        return Arrays.stream(ShardFormat.values())
                .filter(format -> hasFile(directory, format))
                .findFirst();
    }

    private static boolean hasFile(Path directory, ShardFormat format) {
        DirectoryStream.Filter<Path> named =
                file -> format.isNameOf(file.getFileName().toString());
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, named)) {
            for (Path file : files) if (Files.isRegularFile(file)) return true;
            return false;
        } catch (IOException e) {
            return false; // reported when the directory is read
        }
    }

    private static ShardedImages all(
            String path,
            ShardStore store,
            List<Integer> labels,
            LabelClasses classes,
            ShardConfig config,
            ShardedImages.ImageReading reading) {
        int[] rows = IntStream.range(0, store.size()).toArray();
        return new ShardedImages(path, store, rows, labels, classes.classes(), config.shuffleBuffer(), reading);
    }

    private static DatasetSplits holdOut(
            String path,
            ShardStore store,
            List<Integer> labels,
            LabelClasses classes,
            ShardConfig config,
            ShardSplit split,
            ShardedImages.ImageReading reading) {
        double share = split.valShare().getAsDouble();
        Set<Integer> heldOut =
                new HashSet<>(StratifiedSplit.holdOut(labels, classes.classes().size(), share, split.seed()));
        if (heldOut.isEmpty())
            throw new ConfigError("data.val_share: " + share + " of each class of " + path
                    + " is less than one image; expected a larger share");
        LOG.info(
                "{}: {} images in {} files, {} of them held out, {} classes",
                path,
                store.size(),
                store.shards().size(),
                heldOut.size(),
                classes.classes().size());
        return new DatasetSplits(
                some(path, store, labels, classes, config, reading, heldOut, false),
                some(path, store, labels, classes, config, reading, heldOut, true));
    }

    private static ShardedImages some(
            String path,
            ShardStore store,
            List<Integer> labels,
            LabelClasses classes,
            ShardConfig config,
            ShardedImages.ImageReading reading,
            Set<Integer> heldOut,
            boolean validation) {
        int[] rows = IntStream.range(0, store.size())
                .filter(i -> heldOut.contains(i) == validation)
                .toArray();
        List<Integer> of = Arrays.stream(rows).mapToObj(labels::get).toList();
        return new ShardedImages(path, store, rows, of, classes.classes(), config.shuffleBuffer(), reading);
    }
}
