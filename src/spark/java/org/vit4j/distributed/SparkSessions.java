package org.vit4j.distributed;

import java.util.Map;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.vit4j.config.ConfigError;

/** Spark sessions with defaults for vit4j. */
final class SparkSessions {
    /** Defaults; values set by spark-submit or its configuration take precedence. */
    private static final Map<String, String> STANDARD = Map.of(
            "spark.ui.enabled", "false",
            "spark.ui.showConsoleProgress", "false",
            // Weights and gradients hardly compress: compression costs time and saves nothing.
            "spark.broadcast.compress", "false",
            // Any executor can compute any shard, so waiting for a preferred one only costs time.
            "spark.locality.wait", "0s",
            // The first step starts when all executors are registered.
            "spark.scheduler.minRegisteredResourcesRatio", "1.0",
            "spark.driver.maxResultSize", "0");

    /** Masters of Spark itself; others, of cluster managers that are added to it, are URLs. */
    private static final Pattern MASTER = Pattern.compile("local|local\\[([1-9]\\d*|\\*)(,\\s*\\d+)?\\]"
            + "|local-cluster\\[\\s*[1-9]\\d*\\s*,\\s*[1-9]\\d*\\s*,\\s*[1-9]\\d*\\s*\\]|yarn|[a-z0-9]+://.+");

    private SparkSessions() {}

    /**
     * Starts Spark.
     *
     * @param master empty if spark-submit has set one
     * @throws ConfigError when no master is set, or one that Spark does not know
     */
    static SparkSession open(String master, String name) {
        return open(master, name, new SparkConf());
    }

    static SparkSession open(String master, String name, SparkConf conf) {
        conf.setAppName(name);
        if (!master.isEmpty()) conf.setMaster(master);
        if (!conf.contains("spark.master")) {
            throw new ConfigError(
                    "--spark: missing master; expected for example --spark local[2] or --spark spark://host:7077,"
                            + " or a start with spark-submit");
        }
        if (!MASTER.matcher(conf.get("spark.master")).matches()) {
            throw new ConfigError("--spark " + conf.get("spark.master")
                    + ": unknown master; expected for example local[2] or spark://host:7077");
        }
        STANDARD.forEach(conf::setIfMissing);
        ship(conf);
        return SparkSession.builder().config(conf).getOrCreate();
    }

    /** Makes vit4j's classes and natives available to executors if spark-submit does not. */
    private static void ship(SparkConf conf) {
        boolean local = conf.get("spark.master").startsWith("local");
        String property = local ? "vit4j.spark.classpath" : "vit4j.spark.jar";
        String classes = System.getProperty(property, "");
        if (!classes.isEmpty()) conf.setIfMissing(local ? "spark.executor.extraClassPath" : "spark.jars", classes);
    }

    /** Number of processes that can compute at the same time. */
    static int executors(JavaSparkContext spark) {
        SparkConf conf = spark.getConf();
        String master = spark.master();
        if (master.startsWith("local-cluster[")) {
            return Integer.parseInt(master.substring(14, master.indexOf(',')).trim());
        }
        if (master.startsWith("local")) return 1;
        if (conf.contains("spark.executor.instances")) return conf.getInt("spark.executor.instances", 1);
        return Math.max(1, spark.sc().statusTracker().getExecutorInfos().length - 1);
    }
}
