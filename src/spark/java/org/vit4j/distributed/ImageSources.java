package org.vit4j.distributed;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.data.datasets.ImageFinder;
import org.vit4j.io.RunException;

/** Input images and output tables of distributed inference. */
final class ImageSources {
    /** A {@link ConfigError} of an executor, as Spark quotes it. */
    private static final Pattern CONFIG_ERROR = Pattern.compile("org\\.vit4j\\.config\\.ConfigError: (.*)");

    private static final Logger LOG = LoggerFactory.getLogger(ImageSources.class);
    /**
     * Several small partitions per core keep all cores busy to the end. Each partition writes one file of the table.
     */
    private static final int PARTITIONS_PER_CORE = 4;

    private static final int IMAGES_PER_PARTITION = 10_000;

    private ImageSources() {}

    /**
     * Paths of images, in a column {@code path}: files as given, and the images in directories of any depth, which
     * {@link ImageFinder} finds by the rules of all other readers.
     */
    static Dataset<Row> images(SparkSession spark, List<String> paths) {
        HadoopDirectories directories = new HadoopDirectories();
        List<Row> found = new ArrayList<>();
        for (String given : paths) {
            String path = existing(given);
            for (String image : isDirectory(directories, path) ? images(directories, path) : List.of(path)) {
                found.add(RowFactory.create(image));
            }
        }
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        int partitions =
                Math.max(context.defaultParallelism() * PARTITIONS_PER_CORE, found.size() / IMAGES_PER_PARTITION);
        JavaRDD<Row> rows = context.parallelize(found, Math.max(1, Math.min(found.size(), partitions)));
        return spark.createDataFrame(rows, new StructType().add("path", DataTypes.StringType, false));
    }

    private static List<String> images(HadoopDirectories directories, String directory) {
        ImageFinder finder = new ImageFinder(directories);
        List<String> images = finder.images(directory);
        if (images.isEmpty()) throw new ConfigError(directory + ": has no images");
        finder.skipped().lines().forEach(line -> LOG.warn("{}: {}", directory, line));
        return images;
    }

    private static boolean isDirectory(HadoopDirectories directories, String path) {
        try {
            return directories.isDirectory(path);
        } catch (IOException e) {
            throw new ConfigError(path + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static String existing(String given) {
        try {
            Path path = new Path(given);
            FileSystem system = HadoopFiles.system(given);
            if (!system.exists(path)) throw new ConfigError(given + ": no such file or directory");
            return system.makeQualified(path).toString();
        } catch (IOException e) {
            throw new ConfigError(given + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /** Removes a table if it exists. */
    static void remove(String table) {
        try {
            HadoopFiles.system(table).delete(new Path(table), true);
        } catch (IOException e) {
            throw new RunException(table + ": cannot be removed: " + e.getMessage(), e);
        }
    }

    /**
     * Writes a table.
     *
     * @return number of rows
     */
    static long write(Dataset<Row> rows, String table) {
        try {
            if (HadoopFiles.system(table).exists(new Path(table))) {
                throw new ConfigError(table + ": already exists; choose another table or remove it");
            }
            rows.write().parquet(table);
            return rows.sparkSession().read().parquet(table).count();
        } catch (IOException e) {
            throw new RunException(table + ": cannot be written: " + e.getMessage(), e);
        } catch (Exception e) { // Spark throws a checked exception without declaring it
            if (e instanceof ConfigError || !(e instanceof SparkException)) throw e;
            throw explain(e);
        }
    }

    /** The {@link ConfigError} of an executor that cannot read an image, or else a {@link RunException}. */
    private static RuntimeException explain(Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            Matcher error = CONFIG_ERROR.matcher(String.valueOf(cause.getMessage()));
            if (error.find()) return new ConfigError(error.group(1), e);
        }
        return new RunException(
                String.valueOf(e.getMessage()).lines().findFirst().orElse(""), e);
    }
}
