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

/** Computes gradients on the executors of a Spark application, with one job per exchange and one task per shard. */
final class SparkWorkers implements GradientWorkers, AutoCloseable {
    /**
     * Most executors for {@link Exchange#GATHER}. With more, the link of the driver limits the speed (docs/scaling.md).
     */
    private static final int GATHER_LIMIT = 4;

    private final JavaSparkContext spark;
    private final Broadcast<WorkerBroadcast> worker;
    private final JavaRDD<Integer> shards;
    private final int count;
    private final Exchange exchange;

    SparkWorkers(JavaSparkContext spark, WorkerBroadcast worker, int count) {
        this(spark, worker, count, count > GATHER_LIMIT ? Exchange.REDUCE_SCATTER : Exchange.GATHER);
    }

    SparkWorkers(JavaSparkContext spark, WorkerBroadcast worker, int count, Exchange exchange) {
        this.spark = spark;
        this.worker = spark.broadcast(worker);
        this.count = count;
        this.exchange = exchange;
        this.shards = spark.parallelize(IntStream.range(0, count).boxed().toList(), count);
    }

    @Override
    public int shards() {
        return count;
    }

    @Override
    public GradientShard compute(float[] trainable, float[] buffers, GradientRequest request) {
        Broadcast<BroadcastWeights> weights = spark.broadcast(new BroadcastWeights(trainable, buffers));
        try {
            WorkerReply reply = exchange.compute(shards, count, shardRequest(worker, weights, request, count));
            if (!reply.error().isEmpty()) throw new ConfigError(reply.error());
            return reply.shard();
        } catch (Exception e) { // Spark throws a checked exception without declaring it
            if (e instanceof SparkException lost) throw lost(lost);
            throw e;
        } finally {
            weights.destroy();
        }
    }

    /** Static, so that only the parameters are serialized. */
    private static Function<Integer, WorkerReply> shardRequest(
            Broadcast<WorkerBroadcast> worker,
            Broadcast<BroadcastWeights> weights,
            GradientRequest request,
            int shards) {
        return shard -> worker.value().compute(weights.value(), request, shard, shards);
    }

    private static RunException lost(SparkException e) {
        String why = e.getMessage().lines().findFirst().orElse("");
        return new RunException("Spark job failed: " + why + "; continue with --resume", e);
    }

    @Override
    public void close() {
        try {
            worker.destroy();
        } catch (RuntimeException e) { // Spark stops by itself when the process is interrupted, at any moment
            if (!spark.sc().isStopped()) throw e;
        }
    }
}
