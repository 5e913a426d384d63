package org.vit4j.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parts;
import org.vit4j.graph.Weight;
import org.vit4j.samediff.GradientStep;
import org.vit4j.samediff.Lowered;
import org.vit4j.samediff.Lowering;
import org.vit4j.samediff.Parameters;
import org.vit4j.train.optimizer.LayerDepths;
import org.vit4j.train.optimizer.Optimizer;
import org.vit4j.train.optimizer.Slices;

/** The network that learns: its weights, their gradient by one batch or several, and the step that follows. */
final class Learner implements AutoCloseable {
    private final TrainConfig train;
    private final Graph graph;
    private final Parameters parameters;
    private final Set<String> heads;
    private boolean headAlone;
    private GradientStep gradients;
    private final Optimizer.State optimizer;
    private final Optional<Clipping> clipping;
    private final Optional<Average> average;
    private INDArray sum;
    private int batches;
    private double norm;
    private boolean closed;

    Learner(TrainConfig train, Graph graph) {
        this.train = train;
        this.graph = graph;
        this.parameters = new Parameters(graph.weights(), Nd4j.dataType());
        parameters.initialise(train.seed());
        this.heads = Parts.heads(graph);
        this.headAlone = train.headEpochs() > 0;
        this.gradients = step(List.of(logits()));
        this.optimizer = train.optimizer().start(parameters.trained(), slices());
        this.clipping = train.clip().map(clip -> new Clipping(clip, parameters, LayerDepths.head(graph)));
        this.average = train.ema().map(ema -> new Average(ema, graph, parameters));
    }

    private Slices slices() {
        return train.groups().slices(graph, parameters, train.optimizer().weightDecay(), this::learns);
    }

    private boolean learns(String weight) {
        return train.trains(weight) && (!headAlone || heads.contains(weight));
    }

    /** A way to the gradient that also tells what some tensors are. */
    private GradientStep step(List<String> tensors) {
        // A body that does not learn keeps the statistics of its batch normalisations too.
        Lowering.Mode mode = train.freezeNorm() || headAlone ? Lowering.Mode.FINE_TUNING : Lowering.Mode.TRAINING;
        Set<String> frozen = parameters.offsets().keySet().stream()
                .filter(name -> !learns(name))
                .collect(Collectors.toSet());
        return train.engine()
                .step(
                        graph,
                        parameters,
                        mode,
                        new GradientStep.Wanted(
                                network -> Objective.loss(network, train.loss(), train.distill()),
                                tensors,
                                List.of(),
                                frozen));
    }

    private String logits() {
        return graph.outputs().get("logits").name();
    }

    Parameters parameters() {
        return parameters;
    }

    Optional<Parameters> average() {
        return average.map(Average::parameters);
    }

    List<Lowered.Mask> masks() {
        return gradients.masks();
    }

    /**
     * The gradient by one batch, on top of those since the last {@link #update}; batch normalisations see the batch.
     *
     * @return the loss
     */
    double learn(Map<String, INDArray> inputs) {
        gradients.run(inputs);
        norm = gradients.flat().norm2Number().doubleValue();
        return gradients.loss();
    }

    /** Whether loss and gradient of the last batch are numbers. */
    boolean isFinite() {
        return Double.isFinite(gradients.loss()) && Double.isFinite(norm);
    }

    /** What the network said of the last batch, [B, K]. */
    INDArray lastLogits() {
        return gradients.tensor(logits());
    }

    /** The gradient by the last batch; laid out like the trained weights. */
    INDArray lastGradient() {
        return gradients.flat();
    }

    /** Takes the gradient of the last batch in; {@code last} when an optimizer step by all of them follows. */
    void gather(boolean last) {
        gradients.updateStatistics();
        batches++;
        INDArray flat = gradients.flat();
        if (last && batches == 1) return;
        if (sum == null) sum = Nd4j.zeros(flat.dataType(), flat.length());
        if (batches == 1) sum.assign(flat);
        else if (!last) sum.addi(flat);
        else norm = flat.addi(sum).divi(batches).norm2Number().doubleValue();
    }

    /** One optimizer step by the mean of the gathered gradients; {@code step} counts it, from 1. */
    void update(double lr, int step) {
        clipping.ifPresent(clip -> clip.apply(gradients.flat(), norm));
        optimizer.step(gradients.flat(), lr);
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
        if (!headAlone || epoch < train.headEpochs()) return;
        join();
        optimizer.arrays().values().forEach(array -> array.assign(0));
        optimizer.resume(0);
    }

    private void join() {
        headAlone = false;
        gradients.close();
        gradients = step(List.of(logits()));
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
        if (headAlone && joined) join();
        optimizer.resume(state.step() - (joined ? train.headEpochs() * stepsPerEpoch : 0));
    }

    /** Where the last batch went wrong, in a few words. Nothing can be learned afterwards. */
    String trouble(Map<String, INDArray> inputs) {
        if (Double.isFinite(gradients.loss())) {
            return Divergence.gradient(graph, gradients)
                    .orElse("by all weights together, beyond what a float can hold");
        }
        close(); // room for a step that keeps all tensors
        List<String> all = graph.tensors().stream().map(t -> t.name()).toList();
        try (GradientStep again = step(all)) {
            again.run(inputs);
            return Divergence.forward(graph, parameters, again).orElse("in the loss itself");
        }
    }

    @Override
    public void close() {
        if (!closed) gradients.close();
        closed = true;
    }
}
