package org.vit4j.distributed;

import java.util.stream.IntStream;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.vit4j.config.ConfigError;
import org.vit4j.io.RunException;
import org.vit4j.train.GradientRequest;
import org.vit4j.train.GradientShard;
import org.vit4j.train.GradientWorkers;

/** Gradients by the executors of a Spark application: a job an exchange, a task a part. */
final class SparkWorkers implements GradientWorkers, AutoCloseable {
    /** Executors from which on the driver's link is what the others wait for; see docs/scaling.md. */
    private static final int FEW = 4;

    private final JavaSparkContext spark;
    private final Broadcast<WorkerBroadcast> workshop;
    private final JavaRDD<Integer> parts;
    private final int count;
    private final Exchange exchange;

    SparkWorkers(JavaSparkContext spark, WorkerBroadcast workshop, int count) {
        this(spark, workshop, count, count > FEW ? Exchange.REDUCE_SCATTER : Exchange.GATHER);
    }

    SparkWorkers(JavaSparkContext spark, WorkerBroadcast workshop, int count, Exchange exchange) {
        this.spark = spark;
        this.workshop = spark.broadcast(workshop);
        this.count = count;
        this.exchange = exchange;
        this.parts = spark.parallelize(IntStream.range(0, count).boxed().toList(), count);
    }

    @Override
    public int shards() {
        return count;
    }

    @Override
    public GradientShard compute(float[] trained, float[] kept, GradientRequest work) {
        Broadcast<BroadcastWeights> weights = spark.broadcast(new BroadcastWeights(trained, kept));
        try {
            WorkerReply parcel = exchange.ask(parts, count, question(workshop, weights, work, count));
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
    private static Function<Integer, WorkerReply> question(
            Broadcast<WorkerBroadcast> workshop, Broadcast<BroadcastWeights> weights, GradientRequest work, int parts) {
        return part -> workshop.value().answer(weights.value(), work, part, parts);
    }

    private static RunException lost(SparkException e) {
        String why = e.getMessage().lines().findFirst().orElse("");
        return new RunException("the cluster gave up: " + why + "; go on with --resume", e);
    }

    @Override
    public void close() {
        workshop.destroy();
    }
}
