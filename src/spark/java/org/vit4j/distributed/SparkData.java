package org.vit4j.distributed;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.vit4j.config.ConfigError;
import org.vit4j.data.DataConfig;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.DatasetSplits;
import org.vit4j.data.datasets.EncodedImages;
import org.vit4j.data.datasets.ImageFolder;
import org.vit4j.data.datasets.LabeledFiles;
import org.vit4j.data.datasets.OnCorrupt;
import org.vit4j.data.image.ImageFile;

/**
 * The data of a run.
 *
 * @param split opened on the driver
 * @param images opens the training images on an executor, in the same order
 */
record SparkData(DatasetSplits split, WorkerBroadcast.ImageOpener images) {

    /** @throws ConfigError when files are missing or invalid */
    static SparkData of(org.vit4j.run.RunConfig config) {
        DataConfig data = config.data();
        return switch (data.dataset()) {
            case PARQUET -> tables(data);
            case IMAGE_FOLDER -> data.remote().isPresent() ? folders(data) : local(data);
            default -> local(data);
        };
    }

    /** Data in files that every machine has, or in the jar. */
    private static SparkData local(DataConfig data) {
        return new SparkData(data.open(), run -> run.data().open().train());
    }

    private static SparkData folders(DataConfig data) {
        String root = location(data);
        int channels = data.preprocess().channels();
        OnCorrupt onCorrupt = data.onCorrupt();
        long maxPixels = data.maxPixels();
        LabeledFiles.SplitFiles files = data.listFiles(new HadoopDirectories(), root);
        LabeledFiles train = files.train();
        DatasetSplits split = new DatasetSplits(
                open(train, channels, onCorrupt, maxPixels), open(files.validation(), channels, onCorrupt, maxPixels));
        return new SparkData(split, run -> open(train, channels, onCorrupt, maxPixels));
    }

    private static Dataset open(LabeledFiles files, int channels, OnCorrupt onCorrupt, long maxPixels) {
        return new EncodedImages(
                files.directory(),
                files.files(),
                files.labels(),
                files.classes(),
                i -> ImageFile.read(fetch(files.files().get(i)), files.files().get(i), channels, maxPixels),
                onCorrupt);
    }

    private static byte[] fetch(String file) {
        try {
            return HadoopFiles.read(file);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static SparkData tables(DataConfig data) {
        rejectLocalKeys(data);
        String root = location(data);
        int channels = data.preprocess().channels();
        OnCorrupt onCorrupt = data.onCorrupt();
        long maxPixels = data.maxPixels();
        ParquetTable train = ParquetTable.of(root + "/train");
        List<String> classes = train.classes();
        ParquetTable validation = ParquetTable.of(validation(root));
        DatasetSplits split = new DatasetSplits(
                train.open(classes, channels, onCorrupt, maxPixels),
                validation.open(classes, channels, onCorrupt, maxPixels));
        return new SparkData(split, run -> train.open(classes, channels, onCorrupt, maxPixels));
    }

    /** Keys that only the reader without Spark knows. */
    private static void rejectLocalKeys(DataConfig data) {
        List<String> keys = new ArrayList<>(data.shards().written());
        if (data.valShare().isPresent()) keys.add("val_share");
        if (data.classMap().isPresent()) keys.add("class_map");
        if (keys.isEmpty()) return;
        throw new ConfigError("data." + keys.get(0) + ": is not supported with --spark, which reads Parquet files below"
                + " train and val; remove it, or train without --spark");
    }

    private static String location(DataConfig data) {
        return data.remote()
                .or(() -> data.path().map(path -> path.toAbsolutePath().toUri().toString()))
                .map(root -> root.replaceFirst("/+$", ""))
                .orElseThrow(() -> new ConfigError("data.path: missing; expected the directory of the "
                        + data.dataset().word() + " files"));
    }

    private static String validation(String root) {
        try {
            for (String name : ImageFolder.VALIDATION) {
                Path path = new Path(root, name);
                if (HadoopFiles.system(root).exists(path)) return path.toString();
            }
        } catch (IOException e) {
            throw new ConfigError(root + ": cannot be listed: " + e.getMessage(), e);
        }
        throw new ConfigError(root + ": has no validation data; expected train and one of "
                + String.join(", ", ImageFolder.VALIDATION));
    }
}
