package org.vit4j.distributed;

import java.io.IOException;
import java.io.InputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.deploy.SparkHadoopUtil;

/** Files on any file system that Spark reads. */
final class HadoopFiles {
    private HadoopFiles() {}

    static FileSystem system(String path) throws IOException {
        return new Path(path).getFileSystem(SparkHadoopUtil.get().conf());
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
