package org.vit4j.distributed;

import java.io.File;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/** A Spark cluster of two executor processes with one core each and the classes of this test run. */
final class LocalCluster {
    static final String MASTER = "local-cluster[2,1,2048]";

    private LocalCluster() {}

    /** Session for all tests of a process. Spark allows only one per process; it ends with the process. */
    static SparkSession shared() {
        return Holder.SESSION;
    }

    private static final class Holder {
        static final SparkSession SESSION = open(MASTER);
    }

    static SparkSession open(String master) {
        return SparkSessions.open(master, "test", new SparkConf().set("spark.executor.extraClassPath", classes()));
    }

    /** Absolute class path of this process, for processes with another working directory. */
    static String classes() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }
}
