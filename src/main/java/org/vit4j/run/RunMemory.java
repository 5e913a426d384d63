package org.vit4j.run;

import org.vit4j.backend.Precision;
import org.vit4j.graph.Graph;
import org.vit4j.graph.analysis.MemoryEstimate;
import org.vit4j.train.TrainConfig;

/** Estimated memory of a training run on each of its devices. */
final class RunMemory {
    private RunMemory() {}

    /**
     * Estimate in the run's precision. TF32 has the bytes of float32.
     *
     * @param batch images of a batch, which the processes share
     * @param processes number of processes
     */
    static MemoryEstimate estimate(RunConfig config, int batch, int processes) {
        TrainConfig train = config.train();
        Graph graph = config.model().graph();
        int shard = (batch + processes - 1) / processes;
        return train.backend().precision() == Precision.BF16
                ? MemoryEstimate.ofMixedPrecision(graph, shard, train.arrayCount())
                : MemoryEstimate.of(graph, shard, train.arrayCount());
    }
}
