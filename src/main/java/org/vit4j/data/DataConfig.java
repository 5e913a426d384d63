package org.vit4j.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.vit4j.config.Checks;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Section;
import org.vit4j.data.datasets.Cifar;
import org.vit4j.data.datasets.DataFiles;
import org.vit4j.data.datasets.DatasetSplits;
import org.vit4j.data.datasets.Digits;
import org.vit4j.data.datasets.DirectoryLister;
import org.vit4j.data.datasets.FolderReader;
import org.vit4j.data.datasets.ImageFolder;
import org.vit4j.data.datasets.LabelFile;
import org.vit4j.data.datasets.LabeledFiles;
import org.vit4j.data.datasets.LocalDirectories;
import org.vit4j.data.datasets.Mnist;
import org.vit4j.data.datasets.MultiLabelFolder;
import org.vit4j.data.datasets.OnCorrupt;
import org.vit4j.data.datasets.TextLines;
import org.vit4j.data.image.ImageFormats;
import org.vit4j.data.shards.ShardConfig;
import org.vit4j.data.shards.ShardDatasets;
import org.vit4j.data.shards.ShardFormat;
import org.vit4j.data.shards.ShardedImages;
import org.vit4j.data.transforms.AugmentConfig;
import org.vit4j.data.transforms.AugmentReader;

/**
 * The {@code data:} section: dataset, split, augmentation and preprocessing.
 *
 * @param path of the files on this machine; empty for digits, which are in the jar
 * @param remote path on a file system that only Spark reads, such as {@code hdfs://host/images}
 * @param augment transforms of training images
 * @param validation share of each class to hold out for validation; digits only
 * @param valShare share of each class to hold out of images without validation images
 * @param splitSeed seed of the hold-out; used for digits and with {@code valShare}
 * @param classMap file with the names of the classes in the files, one per line, in the order of the network's outputs
 * @param labels file with several labels per image of an image folder
 * @param maxPixels largest image that is decoded; image folders and shards only
 * @param shards files and columns of WebDataset and Parquet
 */
public record DataConfig(
        DatasetType dataset,
        Optional<Path> path,
        Optional<String> remote,
        AugmentConfig augment,
        Preprocessing preprocess,
        double validation,
        OptionalDouble valShare,
        long splitSeed,
        Optional<Path> classMap,
        Optional<LabelFile> labels,
        OnCorrupt onCorrupt,
        long maxPixels,
        ShardConfig shards) {

    /** Datasets of encoded images in files. */
    private static final List<DatasetType> FILES =
            List.of(DatasetType.IMAGE_FOLDER, DatasetType.WEBDATASET, DatasetType.PARQUET);

    private static final List<DatasetType> SHARDS = FILES.subList(1, 3);

    /** Values of {@code data.dataset}. */
    public enum DatasetType {
        DIGITS("digits"),
        CIFAR10("cifar10"),
        CIFAR100("cifar100"),
        MNIST("mnist"),
        FASHION_MNIST("fashion-mnist"),
        IMAGE_FOLDER("image-folder"),
        /** Tar files of encoded images and their labels. */
        WEBDATASET("webdataset"),
        /** Tables of encoded images and their labels. */
        PARQUET("parquet"),
        /** Dataset given by a Java program; a config cannot open it. */
        CUSTOM("custom");

        private static final List<String> WORDS =
                List.of(values()).stream().map(DatasetType::word).toList();
        private final String word;

        DatasetType(String word) {
            this.word = word;
        }

        public String word() {
            return word;
        }
    }

    public DataConfig {
        boolean unexpectedPath = (path.isPresent() || remote.isPresent()) && dataset == DatasetType.DIGITS;
        Checks.check(
                !unexpectedPath,
                "path",
                path.map(Path::toString).or(() -> remote).orElse(""),
                "must be left out for digits, which are in the jar");
        Checks.check(
                remote.isEmpty() || dataset == DatasetType.IMAGE_FOLDER || dataset == DatasetType.PARQUET,
                "path",
                remote.orElse(""),
                "must be on this machine for " + dataset.word());
        Checks.check(
                labels.isEmpty() || remote.isEmpty(), "labels", labels, "needs images on this machine (data.path)");
        boolean balanced = augment.sampling() == AugmentConfig.Sampling.BALANCED;
        Checks.check(labels.isEmpty() || !balanced, "sampling", "balanced", "needs one label per image (data.labels)");
        Checks.check(validation > 0 && validation < 1, "validation", validation, "must be in (0, 1)");
        double share = valShare.orElse(0.5);
        Checks.check(share > 0 && share < 1, "val_share", share, "must be in (0, 1)");
        Checks.check(
                maxPixels >= 1 && maxPixels <= ImageFormats.LARGEST_PIXEL_LIMIT,
                "max_pixels",
                maxPixels,
                "must be in [1, " + ImageFormats.LARGEST_PIXEL_LIMIT + "]");
    }

    /**
     * Reads a {@code data:} section.
     *
     * @param imageHeight of the model's input, as are the width and the channels
     * @return empty if the section has problems, which are noted in it
     */
    public static Optional<DataConfig> read(Section s, int imageHeight, int imageWidth, int channels) {
        if (channels != 1 && channels != 3) {
            s.reject("dataset", "images have 1 or 3 channels, the model expects " + channels);
            return Optional.empty();
        }
        // Configs of published models have a data section with the preprocessing only, without a dataset.
        String word = s.has("dataset") ? s.choiceAt("dataset", DatasetType.WORDS) : DatasetType.IMAGE_FOLDER.word();
        DatasetType dataset = DatasetType.values()[DatasetType.WORDS.indexOf(word)];
        Optional<String> written = s.optionalString("path");
        Optional<String> remote = written.filter(path -> path.contains("://"));
        Optional<Path> path = written.filter(text -> remote.isEmpty()).map(text -> s.pathAt("path"));
        Preprocessing defaults = DatasetDefaults.of(dataset, imageHeight, imageWidth, channels);
        Preprocessing preprocess = Preprocessing.read(s, defaults).orElse(defaults);
        AugmentConfig augment =
                AugmentReader.read(s, preprocess.transformDefaults()).orElse(AugmentConfig.NONE);
        boolean digits = onlyFor(s, List.of("validation"), dataset, List.of(DatasetType.DIGITS));
        double validation = digits ? s.doubleAt("validation", 0.2) : 0.2;
        boolean images = onlyFor(s, List.of("val_share", "class_map", "on_corrupt", "max_pixels"), dataset, FILES);
        OptionalDouble valShare = images ? s.optionalDouble("val_share") : OptionalDouble.empty();
        Optional<Path> classMap = images ? s.optionalString("class_map").map(DataFiles::expand) : Optional.empty();
        boolean labeled = onlyFor(s, List.of("labels", "label_separator"), dataset, FILES.subList(0, 1));
        Optional<LabelFile> labels = labeled ? LabelFile.read(s) : Optional.empty();
        boolean randomSplit = digits || valShare.isPresent();
        if (!randomSplit && s.has("split_seed")) {
            s.reject("split_seed", "is for digits, and for files of images with val_share");
        }
        long splitSeed = randomSplit ? s.longAt("split_seed", 0) : 0;
        boolean sharded = onlyFor(s, ShardConfig.KEYS, dataset, SHARDS);
        Supplier<ShardConfig> shards = sharded ? ShardConfig.read(s) : () -> ShardConfig.DEFAULTS;
        OnCorrupt onCorrupt = images ? s.enumAt("on_corrupt", OnCorrupt.class, OnCorrupt.FAIL) : OnCorrupt.FAIL;
        if (labels.isPresent() && onCorrupt == OnCorrupt.SKIP) {
            s.reject(
                    "on_corrupt",
                    "skip is for images with one label; remove the rows of corrupt images from data.labels");
        }
        long defaultPixels = ImageFormats.DEFAULT_PIXEL_LIMIT;
        long maxPixels = images ? s.longAt("max_pixels", defaultPixels) : defaultPixels;
        return s.build(() -> new DataConfig(
                dataset,
                path,
                remote,
                augment,
                preprocess,
                validation,
                valShare,
                splitSeed,
                classMap,
                labels,
                onCorrupt,
                maxPixels,
                shards.get()));
    }

    /** Rejects keys that have no effect with the dataset. */
    private static boolean onlyFor(Section s, List<String> keys, DatasetType dataset, List<DatasetType> those) {
        if (those.contains(dataset)) return true;
        String words = those.stream().map(DatasetType::word).collect(Collectors.joining(", "));
        for (String key : keys) {
            if (s.has(key)) s.reject(key, "is for " + words + " only, not for " + dataset.word());
        }
        return false;
    }

    /**
     * Opens the dataset.
     *
     * @throws org.vit4j.config.ConfigError if files are missing or invalid
     */
    public DatasetSplits open() {
        return open(onCorrupt);
    }

    /** Opens the dataset with another handling of corrupt images than the config's. */
    public DatasetSplits open(OnCorrupt corrupt) {
        return switch (dataset) {
            case DIGITS -> Digits.split(validation, splitSeed);
            case CIFAR10 -> Cifar.cifar10(files());
            case CIFAR100 -> Cifar.cifar100(files());
            case MNIST -> Mnist.digits(files());
            case FASHION_MNIST -> Mnist.fashion(files());
            case IMAGE_FOLDER -> labels.isPresent() ? multiLabel(labels.get()) : folder(corrupt);
            case CUSTOM ->
                throw new ConfigError("data.dataset: custom: the dataset of this run was given by a Java program; set"
                        + " data.dataset and data.path to files, or start the run from Java");
            case WEBDATASET -> shards(ShardFormat.WEBDATASET, corrupt);
            case PARQUET -> shards(ShardFormat.PARQUET, corrupt);
        };
    }

    private DatasetSplits shards(ShardFormat format, OnCorrupt corrupt) {
        if (format == ShardFormat.PARQUET && augment.sampling() == AugmentConfig.Sampling.BALANCED)
            throw new ConfigError(
                    "data.sampling: balanced reads single images in random order, for which Parquet is too"
                            + " slow; use train.loss.class_weights, or data.dataset: webdataset");
        return ShardDatasets.open(
                format,
                files().toString(),
                shards,
                new ShardDatasets.ShardSplit(classNames(), valShare, splitSeed),
                new ShardedImages.ImageReading(preprocess.channels(), corrupt, maxPixels));
    }

    private DatasetSplits folder(OnCorrupt corrupt) {
        LabeledFiles.SplitFiles splits = listFiles(new LocalDirectories(), files().toString());
        return ImageFolder.open(splits, preprocess.channels(), corrupt, maxPixels);
    }

    private DatasetSplits multiLabel(LabelFile file) {
        return MultiLabelFolder.open(
                file.open(files(), classNames(), valShare, splitSeed), preprocess.channels(), maxPixels);
    }

    private List<String> classNames() {
        return classMap.map(TextLines::distinct).orElse(List.of());
    }

    /** Finds the files of an image folder. */
    public LabeledFiles.SplitFiles listFiles(DirectoryLister lister, String root) {
        return new FolderReader(lister, classNames()).split(root, valShare, splitSeed);
    }

    private Path files() {
        if (remote.isPresent()) {
            throw new ConfigError(
                    "data.path: " + remote.get() + " is read by Spark; train with --spark, such as --spark"
                            + " local[1], or copy the files to this machine");
        }
        return path.orElseThrow(() -> new ConfigError(
                "data.path is missing; set it to the files of " + dataset.word() + ", or set data.dataset"));
    }
}
