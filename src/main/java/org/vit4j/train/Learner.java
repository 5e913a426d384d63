package org.vit4j.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Weight;
import org.vit4j.samediff.GradientStep;
import org.vit4j.samediff.Lowered;
import org.vit4j.samediff.Parameters;
import org.vit4j.train.optimizer.LayerDepths;
import org.vit4j.train.optimizer.Optimizer;
import org.vit4j.train.optimizer.Slices;

/** The network that learns: its weights, their gradient by one batch or several, and the step that follows. */
final class Learner implements AutoCloseable {
    private final TrainConfig train;
    private final Graph graph;
    private final Parameters parameters;
    private final Slope slope;
    private final Optimizer.State optimizer;
    private final Optional<Clipping> clipping;
    private final Optional<Average> average;
    private INDArray sum;
    private int batches;
    private double norm;

    Learner(TrainConfig train, Graph graph) {
        this.train = train;
        this.graph = graph;
        this.parameters = new Parameters(graph.weights(), Nd4j.dataType());
        parameters.initialise(train.seed());
        this.slope = new Slope(train, graph, parameters);
        this.optimizer = train.optimizer().start(parameters.trained(), slices());
        this.clipping = train.clip().map(clip -> new Clipping(clip, parameters, LayerDepths.head(graph)));
        this.average = train.ema().map(ema -> new Average(ema, graph, parameters));
    }

    private Slices slices() {
        return train.groups().slices(graph, parameters, train.optimizer().weightDecay(), slope::learns);
    }

    private GradientStep gradients() {
        return slope.step();
    }

    Parameters parameters() {
        return parameters;
    }

    Optional<Parameters> average() {
        return average.map(Average::parameters);
    }

    List<Lowered.Mask> masks() {
        return gradients().masks();
    }

    /**
     * The gradient by one batch, on top of those since the last {@link #update}; batch normalisations see the batch.
     *
     * @return the loss
     */
    double learn(Map<String, INDArray> inputs) {
        gradients().run(inputs);
        norm = gradients().flat().norm2Number().doubleValue();
        return gradients().loss();
    }

    /** Whether loss and gradient of the last batch are numbers. */
    boolean isFinite() {
        return Double.isFinite(gradients().loss()) && Double.isFinite(norm);
    }

    /** What the network said of the last batch, [B, K]. */
    INDArray lastLogits() {
        return gradients().tensor(slope.logits());
    }

    /** The gradient by the last batch; laid out like the trained weights. */
    INDArray lastGradient() {
        return gradients().flat();
    }

    /** Takes the gradient of the last batch in; {@code last} when an optimizer step by all of them follows. */
    void gather(boolean last) {
        gradients().updateStatistics();
        add(1, last);
    }

    private void add(int count, boolean last) {
        boolean first = batches == 0;
        batches += count;
        INDArray flat = gradients().flat();
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
     * What others learned takes the place of {@link #learn} and {@link #gather}.
     *
     * @param last when an optimizer step by all batches since the last {@link #update} follows
     * @return whether the gradient is one; otherwise nothing was taken in
     */
    boolean take(Answer answer, boolean last) {
        try (INDArray gradient = Nd4j.createFromArray(answer.gradient())) {
            gradients().flat().assign(gradient);
        }
        norm = gradients().flat().norm2Number().doubleValue();
        if (!Double.isFinite(norm)) return false;
        try (INDArray moved = Nd4j.createFromArray(answer.kept())) {
            parameters.kept().addi(moved);
        }
        add(answer.batches(), last);
        return true;
    }

    /** One optimizer step by the mean of the gathered gradients; {@code step} counts it, from 1. */
    void update(double lr, int step) {
        clipping.ifPresent(clip -> clip.apply(gradients().flat(), norm));
        optimizer.step(gradients().flat(), lr);
        average.ifPresent(a -> a.update(step));
        batches = 0;
    }

    /** All arrays that a run is resumed from, live, by name. */
    Map<String, INDArray> arrays() {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        for (Weight weight : parameters.weights()) arrays.put(weight.name(), parameters.array(weight.name()));
        optimizer
                .arrays()
                .forEach((kind, flat) -> parameters
                        .offsets()
                        .forEach((name, from) -> arrays.put(
                                "optimizer." + kind + "/" + name,
                                Parameters.view(
                                        flat, from, parameters.weight(name).shape()))));
        average().ifPresent(ema -> {
            for (Weight weight : ema.weights()) arrays.put("ema/" + weight.name(), ema.array(weight.name()));
        });
        return arrays;
    }

    /**
     * Before the first batch of an epoch. When the epochs of the head are over, all weights join, and the optimizer starts
     * anew: moments of a body that had no gradient would be taken for those of many steps.
     */
    void begin(int epoch) {
        if (!slope.headAlone() || epoch < train.headEpochs()) return;
        join();
        optimizer.arrays().values().forEach(array -> array.assign(0));
        optimizer.resume(0);
    }

    private void join() {
        slope.join();
        optimizer.treat(slices());
    }

    /**
     * Goes on; {@link #arrays} were filled.
     *
     * @param stepsPerEpoch optimizer steps
     */
    void resume(TrainState state, int stepsPerEpoch) {
        boolean joined =
                state.epoch() > train.headEpochs() || (state.epoch() == train.headEpochs() && state.batches() > 0);
        if (slope.headAlone() && joined) join();
        optimizer.resume(state.step() - (joined ? train.headEpochs() * stepsPerEpoch : 0));
    }

    /** Where the last batch went wrong, in a few words. Nothing can be learned afterwards. */
    String trouble(Map<String, INDArray> inputs) {
        if (Double.isFinite(gradients().loss())) {
            return Divergence.gradient(graph, gradients())
                    .orElse("by all weights together, beyond what a float can hold");
        }
        close(); // room for a step that keeps all tensors
        List<String> all = graph.tensors().stream().map(t -> t.name()).toList();
        try (GradientStep again = slope.telling(all)) {
            again.run(inputs);
            return Divergence.forward(graph, parameters, again).orElse("in the loss itself");
        }
    }

    @Override
    public void close() {
        slope.close();
    }
}
