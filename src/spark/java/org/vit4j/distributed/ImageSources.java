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
import org.vit4j.data.ImageFinder;
import org.vit4j.io.RunException;

/** Where pictures come from and where tables go to. */
final class ImageSources {
    /** How Spark quotes what an executor threw. */
    private static final Pattern MISTAKE = Pattern.compile("org\\.vit4j\\.config\\.ConfigError: (.*)");

    private static final Logger LOG = LoggerFactory.getLogger(ImageSources.class);
    /** Small parts keep all cores busy to the end; a part has a file of the table. */
    private static final int PARTS_A_CORE = 4;

    private static final int MOST_IN_A_PART = 10_000;

    private ImageSources() {}

    /**
     * Paths of images, in a column {@code path}: files as given, and the images in directories of any depth, which {@link
     * ImageFinder} finds by the rules of all other readers.
     */
    static Dataset<Row> images(SparkSession spark, List<String> places) {
        HadoopDirectories directories = new HadoopDirectories();
        List<Row> found = new ArrayList<>();
        for (String place : places) {
            String path = existing(place);
            for (String image : isDirectory(directories, path) ? images(directories, path) : List.of(path)) {
                found.add(RowFactory.create(image));
            }
        }
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        int parts = Math.max(context.defaultParallelism() * PARTS_A_CORE, found.size() / MOST_IN_A_PART);
        JavaRDD<Row> rows = context.parallelize(found, Math.max(1, Math.min(found.size(), parts)));
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

    private static String existing(String place) {
        try {
            Path path = new Path(place);
            FileSystem system = HadoopFiles.system(place);
            if (!system.exists(path)) throw new ConfigError(place + ": no such file or directory");
            return system.makeQualified(path).toString();
        } catch (IOException e) {
            throw new ConfigError(place + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /** Removes a table, of which nothing is there or all of it. */
    static void remove(String table) {
        try {
            HadoopFiles.system(table).delete(new Path(table), true);
        } catch (IOException e) {
            throw new RunException(table + ": cannot be removed: " + e.getMessage(), e);
        }
    }

    /** @return how many rows */
    static long write(Dataset<Row> rows, String table) {
        try {
            if (HadoopFiles.system(table).exists(new Path(table))) {
                throw new ConfigError(table + ": exists already; name another table, or remove it");
            }
            rows.write().parquet(table);
            return rows.sparkSession().read().parquet(table).count();
        } catch (IOException e) {
            throw new RunException(table + ": cannot be written: " + e.getMessage(), e);
        } catch (Exception e) { // Spark's is a checked one that Java does not know of
            if (e instanceof ConfigError || !(e instanceof SparkException)) throw e;
            throw explained(e);
        }
    }

    /** A picture that cannot be read is the user's matter, and named; all else is a failure. */
    private static RuntimeException explained(Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            Matcher mistake = MISTAKE.matcher(String.valueOf(cause.getMessage()));
            if (mistake.find()) return new ConfigError(mistake.group(1), e);
        }
        return new RunException(
                String.valueOf(e.getMessage()).lines().findFirst().orElse(""), e);
    }
}
