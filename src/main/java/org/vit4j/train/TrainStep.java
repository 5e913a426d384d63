package org.vit4j.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.optim.GradientClipping;
import org.vit4j.optim.LayerDepths;
import org.vit4j.optim.Optimizer;
import org.vit4j.optim.ParamGroups;
import org.vit4j.optim.WeightAverage;

/** Forward and backward pass, gradient accumulation and optimizer step, with all arrays of a training run. */
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

    /** @param parameters to train, initialized */
    TrainStep(TrainConfig train, Graph graph, ParameterStore parameters) {
        this.train = train;
        this.graph = graph;
        this.parameters = parameters;
        this.lossGradient = new LossGradient(train, graph, parameters);
        this.optimizer = train.optimizer().start(parameters.trainable(), paramGroups());
        this.clipping = train.clip().map(clip -> new GradientClipping(clip, parameters, LayerDepths.head(graph)));
        this.average = train.ema().map(ema -> new WeightAverage(ema, graph, parameters));
    }

    private ParamGroups paramGroups() {
        return train.groups()
                .paramGroups(graph, parameters, train.optimizer().weightDecay(), lossGradient::isTrainable);
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

    List<DropMask> masks() {
        return gradients().masks();
    }

    /**
     * Computes loss and gradient of one batch; {@link #accumulate} adds the gradient to those since the last {@link
     * #optimizerStep}.
     *
     * @return the loss
     */
    double forwardBackward(Map<String, INDArray> inputs) {
        gradients().run(inputs);
        norm = gradients().flatGradient().norm2Number().doubleValue();
        return gradients().loss();
    }

    /** Returns true if loss and gradient of the last batch are finite. */
    boolean isFinite() {
        return Double.isFinite(gradients().loss()) && Double.isFinite(norm);
    }

    /** Logits of the last batch, [B, K]. */
    INDArray lastLogits() {
        return gradients().tensor(lossGradient.logits());
    }

    /** Gradient of the last batch, in the layout of the trainable parameters. */
    INDArray lastGradient() {
        return gradients().flatGradient();
    }

    /** Accumulates the gradient of the last batch; {@code last} is true if an optimizer step follows. */
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
     * Accumulates the result of workers, in place of {@link #forwardBackward} and {@link #accumulate}.
     *
     * @param last true if an optimizer step follows
     * @return false if the gradient is NaN or infinite; nothing is accumulated then
     */
    boolean accumulateRemote(GradientShard shard, boolean last) {
        try (INDArray gradient = Nd4j.createFromArray(shard.gradient())) {
            gradients().flatGradient().assign(gradient);
        }
        norm = gradients().flatGradient().norm2Number().doubleValue();
        if (!Double.isFinite(norm)) return false;
        try (INDArray change = Nd4j.createFromArray(shard.buffers())) {
            parameters.buffers().addi(change);
        }
        add(shard.batches(), last);
        return true;
    }

    /** Applies the mean of the accumulated gradients; {@code step} is the number of the step, from 1. */
    void optimizerStep(double lr, int step) {
        clipping.ifPresent(clip -> clip.apply(gradients().flatGradient(), norm));
        optimizer.step(gradients().flatGradient(), lr);
        average.ifPresent(ema -> ema.update(step));
        batches = 0;
    }

    /** All arrays of a checkpoint by name; not copies. */
    Map<String, INDArray> arrays() {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        for (Parameter parameter : parameters.parameters())
            arrays.put(parameter.name(), parameters.array(parameter.name()));
        optimizer
                .arrays()
                .forEach((kind, flat) -> parameters
                        .offsets()
                        .forEach((name, from) -> arrays.put(
                                "optimizer." + kind + "/" + name,
                                ParameterStore.view(
                                        flat, from, parameters.parameter(name).shape()))));
        average().ifPresent(ema -> {
            for (Parameter parameter : ema.parameters())
                arrays.put("ema/" + parameter.name(), ema.array(parameter.name()));
        });
        return arrays;
    }

    /**
     * Prepares for the first batch of an epoch. After the epochs that train only the head, makes all parameters
     * trainable and resets the optimizer, because its bias correction would be wrong for the moments of parameters
     * without gradients so far.
     */
    void beginEpoch(int epoch) {
        if (!lossGradient.isHeadOnly() || epoch < train.headEpochs()) return;
        unfreezeBody();
        optimizer.arrays().values().forEach(array -> array.assign(0));
        optimizer.resume(0);
    }

    private void unfreezeBody() {
        lossGradient.unfreezeBody();
        optimizer.setParamGroups(paramGroups());
    }

    /**
     * Continues from a checkpoint; the caller has filled {@link #arrays}.
     *
     * @param stepsPerEpoch optimizer steps per epoch
     */
    void resume(TrainState state, int stepsPerEpoch) {
        boolean unfrozen =
                state.epoch() > train.headEpochs() || (state.epoch() == train.headEpochs() && state.batches() > 0);
        if (lossGradient.isHeadOnly() && unfrozen) unfreezeBody();
        optimizer.resume(state.step() - (unfrozen ? train.headEpochs() * stepsPerEpoch : 0));
    }

    /** Describes where the last batch became NaN or infinite. The step cannot be used afterwards. */
    String locateNonFinite(Map<String, INDArray> inputs) {
        if (Double.isFinite(gradients().loss())) {
            return NonFiniteLocator.gradient(graph, gradients()).orElse("in the gradient norm, which overflows float");
        }
        close(); // frees memory for a step that stores all tensors
        List<String> all = graph.tensors().stream().map(t -> t.name()).toList();
        try (GradientStep rerun = lossGradient.stepWithTensors(all)) {
            rerun.run(inputs);
            return NonFiniteLocator.forward(graph, parameters, rerun).orElse("in the loss itself");
        }
    }

    @Override
    public void close() {
        lossGradient.close();
    }
}
