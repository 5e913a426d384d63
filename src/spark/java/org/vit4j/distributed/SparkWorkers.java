package org.vit4j.distributed;

import java.util.stream.IntStream;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.vit4j.config.ConfigError;
import org.vit4j.io.Failure;
import org.vit4j.train.Answer;
import org.vit4j.train.Work;
import org.vit4j.train.Workers;

/** Gradients by the executors of a Spark application: a job an exchange, a task a part. */
final class SparkWorkers implements Workers, AutoCloseable {
    /** Executors from which on the driver's link is what the others wait for; see docs/scaling.md. */
    private static final int FEW = 4;

    private final JavaSparkContext spark;
    private final Broadcast<Workshop> workshop;
    private final JavaRDD<Integer> parts;
    private final int count;
    private final Exchange exchange;

    SparkWorkers(JavaSparkContext spark, Workshop workshop, int count) {
        this(spark, workshop, count, count > FEW ? Exchange.IN_SLICES : Exchange.AT_THE_DRIVER);
    }

    SparkWorkers(JavaSparkContext spark, Workshop workshop, int count, Exchange exchange) {
        this.spark = spark;
        this.workshop = spark.broadcast(workshop);
        this.count = count;
        this.exchange = exchange;
        this.parts = spark.parallelize(IntStream.range(0, count).boxed().toList(), count);
    }

    @Override
    public int parts() {
        return count;
    }

    @Override
    public Answer answer(float[] trained, float[] kept, Work work) {
        Broadcast<Weights> weights = spark.broadcast(new Weights(trained, kept));
        try {
            Parcel parcel = exchange.ask(parts, count, question(workshop, weights, work, count));
            if (!parcel.refusal().isEmpty()) throw new ConfigError(parcel.refusal());
            return parcel.answer();
        } catch (Exception e) { // Spark's is a checked one that Java does not know of
            if (e instanceof SparkException lost) throw lost(lost);
            throw e;
        } finally {
            weights.destroy();
        }
    }

    /** Static, so that what travels is what it names. */
    private static Function<Integer, Parcel> question(
            Broadcast<Workshop> workshop, Broadcast<Weights> weights, Work work, int parts) {
        return part -> workshop.value().answer(weights.value(), work, part, parts);
    }

    private static Failure lost(SparkException e) {
        String why = e.getMessage().lines().findFirst().orElse("");
        return new Failure("the cluster gave up: " + why + "; go on with --resume", e);
    }

    @Override
    public void close() {
        workshop.destroy();
    }
}
