package org.vit4j.distributed;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.nd4j.linalg.api.buffer.DataType;
import org.vit4j.backend.ParameterStore;
import org.vit4j.run.RunConfig;
import org.vit4j.run.TrainRun;
import org.vit4j.train.GradientRequest;
import org.vit4j.train.GradientShard;
import org.vit4j.train.GradientWorker;

/**
 * Measures the time of a step and of its exchange, for {@code bench/scaling.py} and docs/scaling.md. Not a test. Prints
 * one line of JSON per measurement.
 */
public final class ScalingBench {
    private static final int WARM = 4;
    private static final int TIMED = 12;
    /** Spark's barrier gathers strings through the driver; larger ones exhaust its memory. */
    private static final int BARRIER_LIMIT = 1 << 21;

    private final String config;
    private final int executors;
    private final int weights;
    private final int batch;

    private ScalingBench(String config, int executors, int weights, int batch) {
        this.config = config;
        this.executors = executors;
        this.weights = weights;
        this.batch = batch;
    }

    /** Arguments: executors, config, overrides... 0 executors measure one process, more than two only an empty job. */
    public static void main(String[] arguments) {
        int executors = Integer.parseInt(arguments[0]);
        List<String> overrides = Arrays.asList(arguments).subList(2, arguments.length);
        RunConfig config = RunConfig.open(arguments[1], overrides);
        ParameterStore parameters = new ParameterStore(config.model().graph().parameters(), DataType.FLOAT);
        parameters.initialize(1);
        float[] trainable = parameters.trainable().data().asFloat();
        float[] buffers = parameters.buffers().data().asFloat();
        ScalingBench bench = new ScalingBench(
                config.name(), executors, trainable.length, config.train().batch());
        if (executors == 0) {
            try (GradientWorker worker =
                    TrainRun.worker(config, config.data().open().train())) {
                for (int parts = 1; parts <= 4; parts *= 2) {
                    int of = parts;
                    bench.show(
                            "worker, 1 part of " + parts,
                            time(step -> worker.compute(trainable, buffers, new GradientRequest(0, step, 1), 0, of)));
                }
            }
            return;
        }
        String master = "local-cluster[" + executors + ",1,2048]";
        try (SparkSession session = LocalCluster.open(master)) {
            JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
            if (executors <= 2) bench.steps(spark, config, trainable, buffers);
            bench.exchanges(spark, trainable, executors <= 2);
        }
    }

    private void steps(JavaSparkContext spark, RunConfig run, float[] trainable, float[] buffers) {
        WorkerBroadcast broadcast =
                new WorkerBroadcast(run, List.of(), of -> of.data().open().train());
        for (Exchange exchange : Exchange.values()) {
            try (SparkWorkers workers = new SparkWorkers(spark, broadcast, executors, exchange)) {
                show(
                        "step, " + exchange,
                        time(step -> workers.compute(trainable, buffers, new GradientRequest(0, step, 1))));
            }
        }
    }

    /** Measures the exchange alone, with a gradient that every executor already has. */
    private void exchanges(JavaSparkContext spark, float[] gradient, boolean all) {
        JavaRDD<Integer> parts =
                spark.parallelize(IntStream.range(0, executors).boxed().toList(), executors);
        show("empty job", time(step -> parts.map(part -> part).collect()));
        if (!all) return;
        int length = gradient.length;
        show("broadcast", time(step -> {
            Broadcast<BroadcastWeights> weights = spark.broadcast(new BroadcastWeights(gradient, new float[0]));
            parts.map(part -> weights.value().trainable().length).collect();
            weights.destroy();
        }));
        for (Exchange exchange : Exchange.values()) {
            show("exchange, " + exchange, time(step -> exchange.compute(parts, executors, part -> reply(length))));
        }
        show(
                "exchange, treeAggregate",
                time(step -> parts.map(part -> reply(length))
                        .treeAggregate(
                                reply(0), (sum, reply) -> added(sum, reply), (sum, reply) -> added(sum, reply), 2)));
        if (length < BARRIER_LIMIT) show("exchange, barrier", time(step -> barrier(parts, length)));
    }

    private static WorkerReply reply(int length) {
        return WorkerReply.of(
                new GradientShard(new float[length], new float[0], new double[0], new long[0], new int[0]));
    }

    private static WorkerReply added(WorkerReply sum, WorkerReply reply) {
        if (sum.shard().gradient().length == 0) return reply;
        if (reply.shard().gradient().length == 0) return sum;
        return WorkerReply.of(sum.shard().add(reply.shard()));
    }

    /**
     * All-gather with Spark's barrier stage, which transfers strings through the driver; a byte is a Latin-1 character.
     */
    private static void barrier(JavaRDD<Integer> parts, int length) {
        parts.rdd()
                .barrier()
                .mapPartitions(new Gathered(length), true, scala.reflect.ClassTag$.MODULE$.apply(Integer.class))
                .toJavaRDD()
                .collect();
    }

    /** All-reduce implemented with all-gather. */
    private static final class Gathered
            extends scala.runtime.AbstractFunction1<
                    scala.collection.Iterator<Integer>, scala.collection.Iterator<Integer>>
            implements java.io.Serializable {
        private static final long serialVersionUID = 1L;
        private final int length;

        Gathered(int length) {
            this.length = length;
        }

        @Override
        public scala.collection.Iterator<Integer> apply(scala.collection.Iterator<Integer> parts) {
            byte[] bytes = new byte[length * Float.BYTES];
            String[] all =
                    BarrierTaskContext.get().allGather(new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1));
            float[] sum = new float[length];
            for (String one : all) {
                float[] gradient = new float[length];
                java.nio.ByteBuffer.wrap(one.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1))
                        .asFloatBuffer()
                        .get(gradient);
                GradientShard.add(sum, gradient);
            }
            return parts;
        }
    }

    private interface Step {
        void run(int step);
    }

    /** Seconds of each measured step. */
    private static double[] time(Step step) {
        double[] seconds = new double[TIMED];
        for (int i = -WARM; i < TIMED; i++) {
            long start = System.nanoTime();
            step.run(i + WARM);
            if (i >= 0) seconds[i] = (System.nanoTime() - start) / 1e9;
        }
        return seconds;
    }

    private void show(String what, double[] seconds) {
        double[] sorted = seconds.clone();
        Arrays.sort(sorted);
        System.out.printf(
                Locale.ROOT,
                "{\"config\": \"%s\", \"weights\": %d, \"batch\": %d, \"executors\": %d, \"what\": \"%s\","
                        + " \"ms\": %.2f, \"least\": %.2f, \"most\": %.2f}%n",
                config,
                weights,
                batch,
                executors,
                what,
                1e3 * sorted[sorted.length / 2],
                1e3 * sorted[0],
                1e3 * sorted[sorted.length - 1]);
    }
}
