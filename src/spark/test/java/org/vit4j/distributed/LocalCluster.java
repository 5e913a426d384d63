package org.vit4j.distributed;

import java.io.File;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/** Two executors of one core each, as processes of their own, with the classes of this test run. */
final class LocalCluster {
    static final String MASTER = "local-cluster[2,1,2048]";

    private LocalCluster() {}

    /** One for all tests of a process, which may have one only; it ends with the process. */
    static SparkSession shared() {
        return Holder.SESSION;
    }

    private static final class Holder {
        static final SparkSession SESSION = open(MASTER);
    }

    static SparkSession open(String master) {
        return SparkSessions.open(master, "test", new SparkConf().set("spark.executor.extraClassPath", classes()));
    }

    /** The class path of this process, for others that start in other directories. */
    static String classes() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }
}
