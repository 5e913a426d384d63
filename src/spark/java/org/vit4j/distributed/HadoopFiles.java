package org.vit4j.distributed;

import java.io.IOException;
import java.io.InputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.vit4j.config.ConfigError;

/** Files on any file system that Spark reads. */
final class HadoopFiles {
    private HadoopFiles() {}

    /** @throws ConfigError if the classes of the file system are missing */
    static FileSystem system(String path) throws IOException {
        try {
            return new Path(path).getFileSystem(SparkHadoopUtil.get().conf());
        } catch (UnsupportedFileSystemException e) {
            throw missing(path, e);
        } catch (RuntimeException e) {
            if (e.getCause() instanceof ClassNotFoundException) throw missing(path, e);
            throw e;
        }
    }

    private static ConfigError missing(String path, Exception cause) {
        String reason = cause.getMessage().lines().findFirst().orElse("");
        return new ConfigError(
                path + ": there is no file system for it (" + reason
                        + "); add its classes to Spark, for s3a with: spark-submit --packages org.apache.hadoop:hadoop-aws:VERSION",
                cause);
    }

    static InputStream open(String path) throws IOException {
        return system(path).open(new Path(path));
    }

    static byte[] read(String path) throws IOException {
        try (InputStream in = open(path)) {
            return in.readAllBytes();
        }
    }
}
