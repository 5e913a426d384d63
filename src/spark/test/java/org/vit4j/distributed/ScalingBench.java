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
import org.vit4j.samediff.Parameters;
import org.vit4j.train.Answer;
import org.vit4j.train.RunConfig;
import org.vit4j.train.Work;
import org.vit4j.train.Worker;

/**
 * What a step costs, and what of it is the exchange: the measurements of docs/scaling.md, made by {@code bench/spark.sh}. Not a
 * test.
 */
public final class ScalingBench {
    private static final int WARM = 4;
    private static final int TIMED = 12;

    private ScalingBench() {}

    /** Arguments: executors, config, overrides... */
    public static void main(String[] arguments) {
        int executors = Integer.parseInt(arguments[0]);
        List<String> overrides = Arrays.asList(arguments).subList(2, arguments.length);
        RunConfig config = RunConfig.open(arguments[1], overrides);
        Parameters parameters = new Parameters(config.model().build().weights(), DataType.FLOAT);
        parameters.initialise(1);
        float[] trained = parameters.trained().data().asFloat();
        float[] kept = parameters.kept().data().asFloat();
        int batch = config.train().batch();
        System.out.printf(
                Locale.ROOT,
                "%s, batch %d: %,d weights, %.1f MB%n",
                config.name(),
                batch,
                trained.length,
                trained.length * 4e-6);
        if (executors == 0) {
            try (Worker worker = new Worker(config, config.data().open().train())) {
                show("one process", batch, time(step -> worker.answer(trained, kept, new Work(0, step, 1), 0, 1)));
            }
            return;
        }
        String master = "local-cluster[" + executors + ",1,2048]";
        try (SparkSession session = LocalCluster.open(master)) {
            JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
            Workshop workshop =
                    new Workshop(config, List.of(), run -> run.data().open().train());
            for (Exchange exchange : Exchange.values()) {
                try (SparkWorkers workers = new SparkWorkers(spark, workshop, executors, exchange)) {
                    String name = executors + " executors, whole step, " + exchange;
                    show(name, batch, time(step -> workers.answer(trained, kept, new Work(0, step, 1))));
                }
            }
            exchanges(spark, executors, trained);
        }
    }

    /** The exchange alone: every executor already has its gradient. */
    private static void exchanges(JavaSparkContext spark, int executors, float[] gradient) {
        JavaRDD<Integer> parts =
                spark.parallelize(IntStream.range(0, executors).boxed().toList(), executors);
        int length = gradient.length;
        show("an empty job", 0, time(step -> parts.map(part -> part).collect()));
        show("broadcast alone", 0, time(step -> {
            Broadcast<Weights> weights = spark.broadcast(new Weights(gradient, new float[0]));
            parts.map(part -> weights.value().trained().length).collect();
            weights.destroy();
        }));
        for (Exchange exchange : Exchange.values()) {
            show(exchange + " alone", 0, time(step -> exchange.ask(parts, executors, part -> parcel(length))));
        }
        show(
                "treeAggregate alone",
                0,
                time(step -> parts.map(part -> parcel(length))
                        .treeAggregate(
                                parcel(0),
                                (sum, parcel) -> added(sum, parcel),
                                (sum, parcel) -> added(sum, parcel),
                                2)));
        if (length < 1 << 21) show("barrier all-gather alone", 0, time(step -> barrier(parts, length)));
    }

    private static Parcel parcel(int length) {
        return Parcel.of(new Answer(new float[length], new float[0], new double[0], new long[0], new int[0]));
    }

    private static Parcel added(Parcel sum, Parcel parcel) {
        if (sum.answer().gradient().length == 0) return parcel;
        if (parcel.answer().gradient().length == 0) return sum;
        return Parcel.of(sum.answer().add(parcel.answer()));
    }

    /** Spark's barrier gathers texts, through the driver; a byte is a character of Latin-1. */
    private static void barrier(JavaRDD<Integer> parts, int length) {
        parts.rdd()
                .barrier()
                .mapPartitions(new Gathered(length), true, scala.reflect.ClassTag$.MODULE$.apply(Integer.class))
                .toJavaRDD()
                .collect();
    }

    /** All-reduce by all-gather. */
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
                Answer.add(sum, gradient);
            }
            return parts;
        }
    }

    private interface Step {
        void run(int step);
    }

    /** Seconds of each timed step. */
    private static double[] time(Step step) {
        double[] seconds = new double[TIMED];
        for (int i = -WARM; i < TIMED; i++) {
            long start = System.nanoTime();
            step.run(i + WARM);
            if (i >= 0) seconds[i] = (System.nanoTime() - start) / 1e9;
        }
        return seconds;
    }

    private static void show(String what, int batch, double[] seconds) {
        double[] sorted = seconds.clone();
        Arrays.sort(sorted);
        double median = sorted[sorted.length / 2];
        String rate = batch == 0 ? "" : String.format(Locale.ROOT, "  %8.1f images/s", batch / median);
        System.out.printf(
                Locale.ROOT,
                "  %-44s %8.1f ms (%.1f to %.1f)%s%n",
                what,
                1e3 * median,
                1e3 * sorted[0],
                1e3 * sorted[sorted.length - 1],
                rate);
    }
}
