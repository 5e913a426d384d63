package org.vit4j.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Section;
import org.vit4j.data.image.ImageFormats;

/**
 * A {@code data:} section.
 *
 * @param path empty for digits, which are in the jar
 * @param remote the same on a file system that Spark reads, such as {@code hdfs://host/pictures}
 * @param augment what training images go through
 * @param validation share of each class held out; of digits only, the others have their own files for it
 * @param valShare share of each class held out of an image folder that has no validation directory
 * @param splitSeed which ones are held out; of digits, and with {@code valShare}
 * @param classMap file with the class directories of an image folder, one a line, in the order of the network's outputs
 * @param threads that decode and augment ahead of training; the batches do not depend on it
 * @param maxPixels larger image files are refused; of folders and tables only
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
        int threads,
        OnCorrupt onCorrupt,
        long maxPixels) {

    /** The words of {@code data.dataset}. */
    public enum DatasetType {
        DIGITS("digits"),
        CIFAR10("cifar10"),
        CIFAR100("cifar100"),
        MNIST("mnist"),
        FASHION_MNIST("fashion-mnist"),
        IMAGE_FOLDER("image-folder"),
        /** Tables of encoded pictures and their labels. */
        PARQUET("parquet"),
        /** Images of a Java program, which no config can open. */
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
        boolean superfluous = (path.isPresent() || remote.isPresent()) && dataset == DatasetType.DIGITS;
        check(
                !superfluous,
                "digits are in the jar, leave out path",
                path.map(Path::toString).orElse(""));
        check(
                remote.isEmpty() || dataset == DatasetType.IMAGE_FOLDER || dataset == DatasetType.PARQUET,
                "path: " + dataset.word() + " is read from this machine only, not from",
                remote.orElse(""));
        check(validation > 0 && validation < 1, "validation must lie between 0 and 1", validation);
        double share = valShare.orElse(0.5);
        check(share > 0 && share < 1, "val_share must lie between 0 and 1", share);
        check(
                maxPixels >= 1 && maxPixels <= ImageFormats.LARGEST_PIXEL_LIMIT,
                "max_pixels must lie in 1.." + ImageFormats.LARGEST_PIXEL_LIMIT,
                maxPixels);
        check(threads >= 1 && threads <= 1024, "threads must lie in 1..1024", threads);
    }

    /**
     * Reads a {@code data:} section.
     *
     * @param imageHeight of what the model takes, as the width and the channels
     * @return empty when something in it is wrong, which is noted then
     */
    public static Optional<DataConfig> read(Section s, int imageHeight, int imageWidth, int channels) {
        if (channels != 1 && channels != 3) {
            s.reject("dataset", "pictures have 1 or 3 channels, the model wants " + channels);
            return Optional.empty();
        }
        // A published variant says how pictures are prepared, not which ones.
        String word = s.has("dataset") ? s.choiceAt("dataset", DatasetType.WORDS) : DatasetType.IMAGE_FOLDER.word();
        DatasetType dataset = DatasetType.values()[DatasetType.WORDS.indexOf(word)];
        Optional<String> written = s.optionalString("path");
        Optional<String> remote = written.filter(path -> path.contains("://"));
        Optional<Path> path = written.filter(there -> remote.isEmpty()).map(there -> s.pathAt("path"));
        Preprocessing standard = DatasetDefaults.of(dataset, imageHeight, imageWidth, channels);
        Preprocessing preprocess = Preprocessing.read(s, standard).orElse(standard);
        AugmentConfig augment = AugmentReader.read(s, preprocess).orElse(AugmentConfig.NONE);
        boolean digits = onlyFor(s, List.of("validation"), dataset, DatasetType.DIGITS);
        double validation = digits ? s.doubleAt("validation", 0.2) : 0.2;
        boolean images = onlyFor(s, List.of("val_share", "class_map"), dataset, DatasetType.IMAGE_FOLDER);
        OptionalDouble valShare = images ? s.optionalDouble("val_share") : OptionalDouble.empty();
        Optional<Path> classMap = images ? s.optionalString("class_map").map(DataFiles::expand) : Optional.empty();
        boolean drawn = digits || valShare.isPresent();
        if (!drawn && s.has("split_seed")) s.reject("split_seed", "is for digits, and for image-folder with val_share");
        long splitSeed = drawn ? s.longAt("split_seed", 0) : 0;
        int threads = s.intAt("threads", Math.max(1, Runtime.getRuntime().availableProcessors() - 1));
        boolean folder = dataset == DatasetType.PARQUET
                || onlyFor(s, List.of("on_corrupt", "max_pixels"), dataset, DatasetType.IMAGE_FOLDER);
        OnCorrupt onCorrupt = folder ? s.enumAt("on_corrupt", OnCorrupt.class, OnCorrupt.FAIL) : OnCorrupt.FAIL;
        long standardPixels = ImageFormats.DEFAULT_PIXEL_LIMIT;
        long maxPixels = folder ? s.longAt("max_pixels", standardPixels) : standardPixels;
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
                threads,
                onCorrupt,
                maxPixels));
    }

    /** A key that would do nothing is an error, not ignored. */
    private static boolean onlyFor(Section s, List<String> keys, DatasetType dataset, DatasetType only) {
        if (dataset == only) return true;
        for (String key : keys) {
            if (s.has(key)) s.reject(key, "is for " + only.word() + " only, not for " + dataset.word());
        }
        return false;
    }

    /**
     * Opens the files.
     *
     * @throws org.vit4j.config.ConfigError when they are not there or not what they should be
     */
    public DatasetSplits open() {
        return open(onCorrupt);
    }

    /** Opens the files, whatever the config says about images that cannot be read. */
    public DatasetSplits open(OnCorrupt corrupt) {
        return switch (dataset) {
            case DIGITS -> Digits.split(validation, splitSeed);
            case CIFAR10 -> Cifar.ten(files());
            case CIFAR100 -> Cifar.hundred(files());
            case MNIST -> Mnist.digits(files());
            case FASHION_MNIST -> Mnist.fashion(files());
            case IMAGE_FOLDER ->
                ImageFolder.open(
                        listed(new LocalDirectories(), files().toString()), preprocess.channels(), corrupt, maxPixels);
            case CUSTOM ->
                throw new ConfigError(
                        "data.dataset: custom: a Java program gave the images of this run; set data.dataset"
                                + " and data.path to files, or start from Java");
            case PARQUET ->
                throw new ConfigError(
                        "data.dataset: parquet is read by Spark; train with --spark, such as --spark local[1]");
        };
    }

    /** Finds the files of an image folder. */
    public LabeledFiles.Pair listed(DirectoryLister lister, String root) {
        List<String> classes = classMap.map(TextLines::distinct).orElse(List.of());
        return new FolderReader(lister, classes).split(root, valShare, splitSeed);
    }

    private Path files() {
        if (remote.isPresent()) {
            throw new ConfigError(
                    "data.path: " + remote.get() + " is read by Spark; train with --spark, such as --spark"
                            + " local[1], or copy the files to this machine");
        }
        return path.orElseThrow(() -> new ConfigError(
                "data.path is missing: where the files of " + dataset.word() + " are, or data.dataset"));
    }

    private static void check(boolean rule, String text, Object value) {
        if (!rule) throw new IllegalArgumentException(text + " (" + value + ")");
    }
}
