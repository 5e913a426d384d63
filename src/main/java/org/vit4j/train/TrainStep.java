package org.vit4j.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffGraph;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.optim.LayerDepths;
import org.vit4j.optim.Optimizer;
import org.vit4j.optim.ParamGroups;

/** The network that learns: its weights, their gradient by one batch or several, and the step that follows. */
final class TrainStep implements AutoCloseable {
    private final TrainConfig train;
    private final Graph graph;
    private final ParameterStore parameters;
    private final LossGradient lossGradient;
    private final Optimizer.OptimizerState optimizer;
    private final Optional<GradientClipping> clipping;
    private final Optional<WeightAverage> average;
    private INDArray sum;
    private int batches;
    private double norm;

    TrainStep(TrainConfig train, Graph graph) {
        this.train = train;
        this.graph = graph;
        this.parameters = new ParameterStore(graph.parameters(), Nd4j.dataType());
        parameters.initialize(train.seed());
        this.lossGradient = new LossGradient(train, graph, parameters);
        this.optimizer = train.optimizer().start(parameters.trainable(), paramGroups());
        this.clipping = train.clip().map(clip -> new GradientClipping(clip, parameters, LayerDepths.head(graph)));
        this.average = train.ema().map(ema -> new WeightAverage(ema, graph, parameters));
    }

    private ParamGroups paramGroups() {
        return train.groups().slices(graph, parameters, train.optimizer().weightDecay(), lossGradient::learns);
    }

    private GradientStep gradients() {
        return lossGradient.step();
    }

    ParameterStore parameters() {
        return parameters;
    }

    Optional<ParameterStore> average() {
        return average.map(WeightAverage::parameters);
    }

    List<SameDiffGraph.DropMask> masks() {
        return gradients().masks();
    }

    /**
     * The gradient by one batch, on top of those since the last {@link #optimizerStep}; batch normalizations see the batch.
     *
     * @return the loss
     */
    double forwardBackward(Map<String, INDArray> inputs) {
        gradients().run(inputs);
        norm = gradients().flatGradient().norm2Number().doubleValue();
        return gradients().loss();
    }

    /** Whether loss and gradient of the last batch are numbers. */
    boolean isFinite() {
        return Double.isFinite(gradients().loss()) && Double.isFinite(norm);
    }

    /** What the network said of the last batch, [B, K]. */
    INDArray lastLogits() {
        return gradients().tensor(lossGradient.logits());
    }

    /** The gradient by the last batch; laid out like the trained weights. */
    INDArray lastGradient() {
        return gradients().flatGradient();
    }

    /** Takes the gradient of the last batch in; {@code last} when an optimizer step by all of them follows. */
    void accumulate(boolean last) {
        gradients().updateStatistics();
        add(1, last);
    }

    private void add(int count, boolean last) {
        boolean first = batches == 0;
        batches += count;
        INDArray flat = gradients().flatGradient();
        if (last) {
            if (batches == 1) return;
            if (!first) flat.addi(sum);
            norm = flat.divi(batches).norm2Number().doubleValue();
            return;
        }
        if (sum == null) sum = Nd4j.zeros(flat.dataType(), flat.length());
        if (first) sum.assign(flat);
        else sum.addi(flat);
    }

    /**
     * What others learned takes the place of {@link #forwardBackward} and {@link #accumulate}.
     *
     * @param last when an optimizer step by all batches since the last {@link #optimizerStep} follows
     * @return whether the gradient is one; otherwise nothing was taken in
     */
    boolean accumulateRemote(GradientShard answer, boolean last) {
        try (INDArray gradient = Nd4j.createFromArray(answer.gradient())) {
            gradients().flatGradient().assign(gradient);
        }
        norm = gradients().flatGradient().norm2Number().doubleValue();
        if (!Double.isFinite(norm)) return false;
        try (INDArray moved = Nd4j.createFromArray(answer.buffers())) {
            parameters.buffers().addi(moved);
        }
        add(answer.batches(), last);
        return true;
    }

    /** One optimizer step by the mean of the gathered gradients; {@code step} counts it, from 1. */
    void optimizerStep(double lr, int step) {
        clipping.ifPresent(clip -> clip.apply(gradients().flatGradient(), norm));
        optimizer.step(gradients().flatGradient(), lr);
        average.ifPresent(a -> a.update(step));
        batches = 0;
    }

    /** All arrays that a run is resumed from, live, by name. */
    Map<String, INDArray> arrays() {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        for (Parameter weight : parameters.parameters()) arrays.put(weight.name(), parameters.array(weight.name()));
        optimizer
                .arrays()
                .forEach((kind, flat) -> parameters
                        .offsets()
                        .forEach((name, from) -> arrays.put(
                                "optimizer." + kind + "/" + name,
                                ParameterStore.view(
                                        flat, from, parameters.parameter(name).shape()))));
        average().ifPresent(ema -> {
            for (Parameter weight : ema.parameters()) arrays.put("ema/" + weight.name(), ema.array(weight.name()));
        });
        return arrays;
    }

    /**
     * Before the first batch of an epoch. When the epochs of the head are over, all weights join, and the optimizer starts
     * anew: moments of a body that had no gradient would be taken for those of many steps.
     */
    void beginEpoch(int epoch) {
        if (!lossGradient.headAlone() || epoch < train.headEpochs()) return;
        join();
        optimizer.arrays().values().forEach(array -> array.assign(0));
        optimizer.resume(0);
    }

    private void join() {
        lossGradient.join();
        optimizer.setParamGroups(paramGroups());
    }

    /**
     * Goes on; {@link #arrays} were filled.
     *
     * @param stepsPerEpoch optimizer steps
     */
    void resume(TrainState state, int stepsPerEpoch) {
        boolean joined =
                state.epoch() > train.headEpochs() || (state.epoch() == train.headEpochs() && state.batches() > 0);
        if (lossGradient.headAlone() && joined) join();
        optimizer.resume(state.step() - (joined ? train.headEpochs() * stepsPerEpoch : 0));
    }

    /** Where the last batch went wrong, in a few words. Nothing can be learned afterwards. */
    String locateNonFinite(Map<String, INDArray> inputs) {
        if (Double.isFinite(gradients().loss())) {
            return NonFiniteLocator.gradient(graph, gradients())
                    .orElse("by all weights together, beyond what a float can hold");
        }
        close(); // room for a step that keeps all tensors
        List<String> all = graph.tensors().stream().map(t -> t.name()).toList();
        try (GradientStep again = lossGradient.telling(all)) {
            again.run(inputs);
            return NonFiniteLocator.forward(graph, parameters, again).orElse("in the loss itself");
        }
    }

    @Override
    public void close() {
        lossGradient.close();
    }
}
