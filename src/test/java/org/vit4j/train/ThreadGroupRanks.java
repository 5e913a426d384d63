package org.vit4j.train;

import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.FlatArray;
import org.vit4j.backend.ProcessGroup;

/** Ranks that are threads of this process. */
final class ThreadGroupRanks {
    private static final int TIMEOUT_SECONDS = 300;

    private final CyclicBarrier barrier;
    private final double[][] slots;

    ThreadGroupRanks(int size) {
        this.barrier = new CyclicBarrier(size);
        this.slots = new double[size][];
    }

    private void await() {
        try {
            barrier.await(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new ProcessGroup.GroupException("another rank has ended", e);
        }
    }

    private double[] sum(int rank, double[] values) {
        slots[rank] = values.clone();
        await();
        double[] sums = new double[values.length];
        for (double[] slot : slots) for (int i = 0; i < sums.length; i++) sums[i] += slot[i];
        await();
        return sums;
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) floats[i] = (float) values[i];
        return floats;
    }

    ProcessGroup rank(int rank) {
        return new ProcessGroup() {
            @Override
            public int rank() {
                return rank;
            }

            @Override
            public int size() {
                return slots.length;
            }

            @Override
            public String device() {
                return "cpu";
            }

            @Override
            public void sum(FlatArray values) {
                double[] sums = ThreadGroupRanks.this.sum(
                        rank, values.host().dup().data().asDouble());
                values.setHost(Nd4j.createFromArray(floats(sums)));
            }

            @Override
            public double[] sum(double... values) {
                return ThreadGroupRanks.this.sum(rank, values);
            }

            @Override
            public void broadcast(FlatArray values) {
                if (rank != 0) values.fill(0);
                sum(values);
            }

            @Override
            public void close() {
                if (barrier.getNumberWaiting() > 0) barrier.reset();
            }
        };
    }
}
