package org.vit4j.distributed;

import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.vit4j.config.ConfigError;

/** Spark as we want it, unless the user says otherwise. */
final class SparkSessions {
    /** Whatever is set already, by spark-submit or its defaults, wins. */
    private static final Map<String, String> STANDARD = Map.of(
            "spark.ui.enabled", "false",
            "spark.ui.showConsoleProgress", "false",
            // Weights and gradients are as good as random: packing them costs time and saves nothing.
            "spark.broadcast.compress", "false",
            // Any executor can do any part: none is worth waiting for.
            "spark.locality.wait", "0s",
            // The first step waits for all executors, not for the first of them.
            "spark.scheduler.minRegisteredResourcesRatio", "1.0",
            "spark.driver.maxResultSize", "0");

    private SparkSessions() {}

    /**
     * Starts Spark.
     *
     * @param master empty when spark-submit has set one
     * @throws ConfigError when there is no such master
     */
    static SparkSession open(String master, String name) {
        return open(master, name, new SparkConf());
    }

    static SparkSession open(String master, String name, SparkConf conf) {
        conf.setAppName(name);
        if (!master.isEmpty()) conf.setMaster(master);
        if (!conf.contains("spark.master")) {
            throw new ConfigError(
                    "--spark: which master? Say one, such as --spark local[2] or --spark spark://host:7077,"
                            + " or start by spark-submit");
        }
        STANDARD.forEach(conf::setIfMissing);
        ship(conf);
        return SparkSession.builder().config(conf).getOrCreate();
    }

    /** How executors come by our classes and natives where spark-submit has not seen to it. */
    private static void ship(SparkConf conf) {
        boolean here = conf.get("spark.master").startsWith("local");
        String property = here ? "vit4j.spark.classpath" : "vit4j.spark.jar";
        String ours = System.getProperty(property, "");
        if (!ours.isEmpty()) conf.setIfMissing(here ? "spark.executor.extraClassPath" : "spark.jars", ours);
    }

    /** Processes that can work at the same time. */
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
