package org.vit4j.distributed;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.StreamSupport;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.Function;
import org.vit4j.train.GradientShard;
import scala.Tuple2;

/**
 * How the answers of all parts become one. Both ways add up in the order of the parts, whichever is ready first: they
 * agree bit for bit, and so does a run that is resumed. (Spark's {@code treeAggregate} adds as results come in.)
 */
enum Exchange {
    /** Every answer goes to the driver: one stage, and as many gradients through the driver's link as there are parts. */
    GATHER {
        @Override
        WorkerReply ask(JavaRDD<Integer> parts, int count, Function<Integer, WorkerReply> question) {
            return sum(parts.map(question).collect());
        }
    },
    /**
     * Each answer is cut into slices, a shuffle brings the same slice of all parts together, and the driver gets sums: a
     * second stage, but one gradient in and out of every machine, the driver's included, however many there are.
     */
    REDUCE_SCATTER {
        @Override
        WorkerReply ask(JavaRDD<Integer> parts, int count, Function<Integer, WorkerReply> question) {
            List<WorkerReply> slices = parts.flatMapToPair(part -> {
                        List<WorkerReply> cut = cut(question.call(part), count);
                        List<Tuple2<Integer, Tuple2<Integer, WorkerReply>>> sent = new ArrayList<>();
                        for (int i = 0; i < cut.size(); i++) sent.add(new Tuple2<>(i, new Tuple2<>(part, cut.get(i))));
                        return sent.iterator();
                    })
                    .groupByKey(new HashPartitioner(count))
                    .map(slice -> sum(StreamSupport.stream(slice._2().spliterator(), false)
                            .sorted(Comparator.comparing(sent -> sent._1()))
                            .map(sent -> sent._2())
                            .toList()))
                    .collect();
            return joined(slices);
        }
    };

    /** @param question of a part; its answer depends on the part alone */
    abstract WorkerReply ask(JavaRDD<Integer> parts, int count, Function<Integer, WorkerReply> question);

    private static WorkerReply sum(List<WorkerReply> parcels) {
        GradientShard sum = parcels.get(0).answer();
        for (WorkerReply parcel : parcels) {
            if (!parcel.refusal().isEmpty()) return parcel;
            if (parcel != parcels.get(0)) sum.add(parcel.answer());
        }
        return WorkerReply.of(sum);
    }

    /** The first slice has all that is not the gradient; a refusal has no other. */
    private static List<WorkerReply> cut(WorkerReply parcel, int count) {
        if (!parcel.refusal().isEmpty()) return List.of(parcel);
        GradientShard whole = parcel.answer();
        List<WorkerReply> slices = new ArrayList<>();
        long length = whole.gradient().length;
        for (int i = 0; i < count; i++) {
            int from = (int) (length * i / count);
            int to = (int) (length * (i + 1) / count);
            float[] slice = java.util.Arrays.copyOfRange(whole.gradient(), from, to);
            GradientShard part = i == 0
                    ? new GradientShard(slice, whole.buffers(), whole.losses(), whole.correct(), whole.images())
                    : new GradientShard(slice, new float[0], new double[0], new long[0], new int[0]);
            slices.add(WorkerReply.of(part));
        }
        return slices;
    }

    /** In the order of their partitions, which is that of the slices. */
    private static WorkerReply joined(List<WorkerReply> slices) {
        for (WorkerReply slice : slices) if (!slice.refusal().isEmpty()) return slice;
        int length = slices.stream()
                .mapToInt(slice -> slice.answer().gradient().length)
                .sum();
        float[] gradient = new float[length];
        int at = 0;
        for (WorkerReply slice : slices) {
            float[] part = slice.answer().gradient();
            System.arraycopy(part, 0, gradient, at, part.length);
            at += part.length;
        }
        GradientShard rest = slices.get(0).answer();
        return WorkerReply.of(
                new GradientShard(gradient, rest.buffers(), rest.losses(), rest.correct(), rest.images()));
    }
}
