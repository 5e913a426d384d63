package org.vit4j.distributed;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.vit4j.config.ConfigError;
import org.vit4j.io.RunException;

/** Where pictures come from and where tables go to. */
final class ImageSources {
    /** How Spark quotes what an executor threw. */
    private static final Pattern MISTAKE = Pattern.compile("org\\.vit4j\\.config\\.ConfigError: (.*)");

    private ImageSources() {}

    /** {@code binaryFile} over files and directories of any depth; what is no picture by its ending is left out. */
    static Dataset<Row> images(SparkSession spark, List<String> places) {
        List<String> found = new ArrayList<>();
        for (String place : places) found.add(existing(place));
        return spark.read()
                .format("binaryFile")
                .option("recursiveFileLookup", "true")
                .load(found.toArray(String[]::new))
                .filter(functions.lower(functions.col("path")).rlike("\\.(png|jpg|jpeg|bmp|gif)$"))
                .select("path", "content");
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
