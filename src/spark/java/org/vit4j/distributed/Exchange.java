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
 * Methods to sum the replies of all shards. Both sum in the order of the shards, not of arrival, so they give the same
 * bits, and a resumed run does too. (Spark's {@code treeAggregate} adds results as they arrive.)
 */
enum Exchange {
    /** The driver collects all replies: one stage, and one gradient per shard through the link of the driver. */
    GATHER {
        @Override
        WorkerReply compute(JavaRDD<Integer> shards, int count, Function<Integer, WorkerReply> request) {
            return sum(shards.map(request).collect());
        }
    },
    /**
     * Each reply is split into slices, a shuffle collects the same slice of all shards, and the driver receives the
     * sums: a second stage, but only one gradient in and out of every machine, including the driver, for any number of
     * machines.
     */
    REDUCE_SCATTER {
        @Override
        WorkerReply compute(JavaRDD<Integer> shards, int count, Function<Integer, WorkerReply> request) {
            List<WorkerReply> slices = shards.flatMapToPair(index -> {
                        List<WorkerReply> split = split(request.call(index), count);
                        List<Tuple2<Integer, Tuple2<Integer, WorkerReply>>> sent = new ArrayList<>();
                        for (int i = 0; i < split.size(); i++)
                            sent.add(new Tuple2<>(i, new Tuple2<>(index, split.get(i))));
                        return sent.iterator();
                    })
                    .groupByKey(new HashPartitioner(count))
                    .map(slice -> sum(StreamSupport.stream(slice._2().spliterator(), false)
                            .sorted(Comparator.comparing(sent -> sent._1()))
                            .map(sent -> sent._2())
                            .toList()))
                    .collect();
            return concatenate(slices);
        }
    };

    /** @param request computes the reply of a shard, which depends only on the shard */
    abstract WorkerReply compute(JavaRDD<Integer> shards, int count, Function<Integer, WorkerReply> request);

    private static WorkerReply sum(List<WorkerReply> replies) {
        GradientShard sum = replies.get(0).shard();
        for (WorkerReply reply : replies) {
            if (!reply.error().isEmpty()) return reply;
            if (reply != replies.get(0)) sum.add(reply.shard());
        }
        return WorkerReply.of(sum);
    }

    /** The first slice also holds everything except the gradient. An error is a single slice. */
    private static List<WorkerReply> split(WorkerReply reply, int count) {
        if (!reply.error().isEmpty()) return List.of(reply);
        GradientShard all = reply.shard();
        List<WorkerReply> slices = new ArrayList<>();
        long length = all.gradient().length;
        for (int i = 0; i < count; i++) {
            int from = (int) (length * i / count);
            int to = (int) (length * (i + 1) / count);
            float[] slice = java.util.Arrays.copyOfRange(all.gradient(), from, to);
            GradientShard part = i == 0
                    ? new GradientShard(slice, all.buffers(), all.losses(), all.correct(), all.images())
                    : new GradientShard(slice, new float[0], new double[0], new long[0], new int[0]);
            slices.add(WorkerReply.of(part));
        }
        return slices;
    }

    /** Concatenates slices, which are in the order of their partitions. */
    private static WorkerReply concatenate(List<WorkerReply> slices) {
        for (WorkerReply slice : slices) if (!slice.error().isEmpty()) return slice;
        int length = slices.stream()
                .mapToInt(slice -> slice.shard().gradient().length)
                .sum();
        float[] gradient = new float[length];
        int offset = 0;
        for (WorkerReply slice : slices) {
            float[] part = slice.shard().gradient();
            System.arraycopy(part, 0, gradient, offset, part.length);
            offset += part.length;
        }
        GradientShard rest = slices.get(0).shard();
        return WorkerReply.of(
                new GradientShard(gradient, rest.buffers(), rest.losses(), rest.correct(), rest.images()));
    }
}
