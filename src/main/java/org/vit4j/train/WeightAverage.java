package org.vit4j.train;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;

/** The moving average of all weights, running statistics included, as timm averages them. */
final class WeightAverage {
    /** Elements that are worked on at a time, so that no second array of the network's size is needed. */
    private static final long CHUNK = 1 << 20;

    private final EmaConfig ema;
    private final ParameterStore live;
    private final ParameterStore average;

    WeightAverage(EmaConfig ema, Graph graph, ParameterStore live) {
        this.ema = ema;
        this.live = live;
        this.average = new ParameterStore(graph.parameters(), live.trainable().dataType());
        move(average.trainable(), live.trainable(), 0);
        move(average.buffers(), live.buffers(), 0);
    }

    ParameterStore parameters() {
        return average;
    }

    /** @param step optimizer steps that are done */
    void update(int step) {
        double decay = ema.at(step);
        move(average.trainable(), live.trainable(), decay);
        move(average.buffers(), live.buffers(), decay);
    }

    /** {@code average += (1 - decay) (weights - average)}: what does not change stays exactly as it is. */
    private static void move(INDArray average, INDArray weights, double decay) {
        if (decay == 0) {
            average.assign(weights);
            return;
        }
        for (long from = 0; from < average.length(); from += CHUNK) {
            var part = NDArrayIndex.interval(from, Math.min(from + CHUNK, average.length()));
            INDArray to = average.get(part);
            to.addi(weights.get(part).sub(to).muli(1 - decay));
        }
    }
}
