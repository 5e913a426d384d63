package org.vit4j.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.DeviceParameters;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.FlatArray;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.ProcessGroup;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Role;
import org.vit4j.optim.GradientClipping;
import org.vit4j.optim.LayerDepths;
import org.vit4j.optim.Optimizer;
import org.vit4j.optim.ParamGroups;
import org.vit4j.optim.WeightAverage;

/**
 * Forward and backward pass, gradient accumulation and optimizer step, with all arrays of a training run. They are where the
 * backend computes; {@link #download} and {@link #arrays} copy them to the host.
 */
final class TrainStep implements AutoCloseable {
    private final TrainConfig train;
    private final Graph graph;
    private final DeviceParameters parameters;
    private final LossGradient lossGradient;
    private final Optimizer.OptimizerState optimizer;
    private final Optional<GradientClipping> clipping;
    private final Optional<WeightAverage> average;
    private FlatArray sum;
    private FlatArray buffersBefore;
    private boolean downloaded = true;
    private int batches;
    private double norm;

    /** @param store the parameters to train, initialized */
    TrainStep(TrainConfig train, Graph graph, ParameterStore store) {
        this.train = train;
        this.graph = graph;
        this.parameters = train.backend().parameters(store);
        this.lossGradient = new LossGradient(train, graph, parameters);
        this.optimizer = train.optimizer().start(parameters.trainable(), paramGroups());
        this.clipping = train.clip().map(clip -> new GradientClipping(clip, parameters, LayerDepths.head(graph)));
        this.average = train.ema().map(ema -> new WeightAverage(ema, parameters, parametersLike(store)));
    }

    private DeviceParameters parametersLike(ParameterStore store) {
        return train.backend()
                .parameters(
                        new ParameterStore(graph.parameters(), store.trainable().dataType()));
    }

    private ParamGroups paramGroups() {
        return train.groups()
                .paramGroups(graph, parameters.store(), train.optimizer().weightDecay(), lossGradient::isTrainable);
    }

    private GradientStep gradients() {
        return lossGradient.step();
    }

    /** The parameters on the host, as of the last {@link #download} if training happens elsewhere. */
    ParameterStore parameters() {
        return parameters.store();
    }

    /** The average on the host; see {@link #parameters}. */
    Optional<ParameterStore> average() {
        return deviceAverage().map(DeviceParameters::store);
    }

    DeviceParameters deviceParameters() {
        return parameters;
    }

    Optional<DeviceParameters> deviceAverage() {
        return average.map(WeightAverage::parameters);
    }

    /** Copies changes of the parameters on the host to the device; call it before the first step. */
    void upload() {
        if (!downloaded) return;
        parameters.upload();
        deviceAverage().ifPresent(DeviceParameters::upload);
    }

    /** Copies parameters and average to the host, if training happens elsewhere. */
    void download() {
        if (downloaded) return;
        parameters.download();
        deviceAverage().ifPresent(DeviceParameters::download);
        downloaded = true;
    }

    /** Lets the backend normalize image inputs of bytes by a table; false if it needs floats. */
    boolean normalizesBytes(float[] table) {
        return lossGradient.normalizesBytes(table);
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
        norm = gradients().gradient().norm();
        return gradients().loss();
    }

    /** L2 norm of the gradient of the last optimizer step, before clipping. */
    double gradientNorm() {
        return norm;
    }

    /** Returns true if loss and gradient of the last batch are finite. */
    boolean isFinite() {
        return Double.isFinite(gradients().loss()) && Double.isFinite(norm);
    }

    /** Logits of the last batch, [B, K]. */
    INDArray lastLogits() {
        return gradients().tensor(lossGradient.logits());
    }

    /** Gradient of the last batch on the host, in the layout of the trainable parameters. */
    INDArray lastGradient() {
        return gradients().flatGradient();
    }

    /** Accumulates the gradient of the last batch; {@code last} is true if an optimizer step follows. */
    void accumulate(boolean last) {
        gradients().updateStatistics();
        downloaded = false;
        add(1, last);
    }

    private void add(int count, boolean last) {
        boolean first = batches == 0;
        batches += count;
        FlatArray flat = gradients().gradient();
        if (last) {
            if (batches == 1) return;
            if (!first) flat.add(sum);
            norm = flat.divide(batches).norm();
            return;
        }
        if (sum == null) sum = parameters.trainable().zeros();
        if (first) sum.set(flat);
        else sum.add(flat);
    }

    /**
     * Accumulates the result of workers, in place of {@link #forwardBackward} and {@link #accumulate}.
     *
     * @param last true if an optimizer step follows
     * @return false if the gradient is NaN or infinite; nothing is accumulated then
     */
    boolean accumulateRemote(GradientShard shard, boolean last) {
        try (INDArray gradient = Nd4j.createFromArray(shard.gradient())) {
            gradients().gradient().setHost(gradient);
        }
        norm = gradients().gradient().norm();
        if (!Double.isFinite(norm)) return false;
        try (INDArray change = Nd4j.createFromArray(shard.buffers())) {
            download();
            parameters.store().buffers().addi(change);
            parameters.upload();
        }
        add(shard.batches(), last);
        return true;
    }

    /**
     * Accumulates the mean over all processes of the gradient of their last shards, in place of {@link #accumulate}.
     *
     * @param share of the images of the batch; 0 if this process had none
     * @param last true if an optimizer step follows
     * @return false if the gradient is NaN or infinite; nothing is accumulated then
     */
    boolean accumulateShard(ProcessGroup group, double share, boolean last) {
        FlatArray flat = gradients().gradient();
        if (share > 0) flat.multiply(share);
        else flat.fill(0);
        group.sum(flat);
        norm = flat.norm();
        if (!Double.isFinite(norm)) return false;
        sumStatistics(group, share);
        downloaded = false;
        add(1, last);
        return true;
    }

    /** Adds the mean over all processes of the change of the running statistics. Constants among the buffers do not change. */
    private void sumStatistics(ProcessGroup group, double share) {
        if (graph.parameters().stream().noneMatch(parameter -> parameter.role() == Role.RUNNING_STAT)) return;
        FlatArray buffers = parameters.buffers();
        if (buffersBefore == null) buffersBefore = buffers.zeros();
        buffersBefore.set(buffers);
        if (share > 0) gradients().updateStatistics();
        group.sum(buffers.add(buffersBefore, -1).multiply(share));
        buffers.add(buffersBefore);
    }

    /** Replaces all arrays by those of process 0; its parameters on the host may have changed. */
    void share(ProcessGroup group) {
        upload();
        group.broadcast(parameters.trainable());
        group.broadcast(parameters.buffers());
        optimizer.arrays().values().forEach(group::broadcast);
        deviceAverage().ifPresent(ema -> {
            group.broadcast(ema.trainable());
            group.broadcast(ema.buffers());
        });
        downloaded = false;
    }

    /** Applies the mean of the accumulated gradients; {@code step} is the number of the step, from 1. */
    void optimizerStep(double lr, int step) {
        clipping.ifPresent(clip -> clip.apply(gradients().gradient(), norm));
        optimizer.step(gradients().gradient(), lr);
        average.ifPresent(ema -> ema.update(step));
        batches = 0;
        downloaded = false;
    }

    /** All arrays of a checkpoint, on the host. */
    HostArrays arrays() {
        download();
        Map<String, INDArray> states = new LinkedHashMap<>();
        optimizer.arrays().forEach((kind, flat) -> states.put(kind, flat.host()));
        return HostArrays.of(parameters(), states, average().stream().toList());
    }

    /**
     * Prepares for the first batch of an epoch. If other parameters than before are trainable, resets the optimizer,
     * because its bias correction would be wrong for the moments of parameters without gradients so far.
     */
    void beginEpoch(int epoch) {
        if (!lossGradient.beginEpoch(epoch)) return;
        optimizer.setParamGroups(paramGroups());
        optimizer.arrays().values().forEach(array -> array.fill(0));
        optimizer.resume(0);
    }

    /**
     * Continues from a checkpoint.
     *
     * @param arrays of {@link #arrays}, filled by the caller
     * @param stepsPerEpoch optimizer steps per epoch
     */
    void resume(HostArrays arrays, TrainState state, int stepsPerEpoch) {
        upload();
        optimizer
                .arrays()
                .forEach((kind, flat) -> flat.setHost(arrays.optimizer().get(kind)));
        resume(state, stepsPerEpoch);
    }

    /** Continues with all arrays in place; see {@link #share}. */
    void resume(TrainState state, int stepsPerEpoch) {
        int last = state.batches() > 0 ? state.epoch() : Math.max(0, state.epoch() - 1); // the epoch of the last batch
        if (lossGradient.beginEpoch(last)) optimizer.setParamGroups(paramGroups());
        optimizer.resume(state.step() - lossGradient.phaseStart(last) * stepsPerEpoch);
    }

    /** Describes where the last batch became NaN or infinite. The step cannot be used afterwards. */
    String locateNonFinite(Map<String, INDArray> inputs) {
        if (Double.isFinite(gradients().loss())) {
            return NonFiniteLocator.gradient(graph, gradients()).orElse("in the gradient norm, which overflows float");
        }
        lossGradient.close(); // frees memory for a step that stores all tensors
        List<String> all = graph.tensors().stream().map(t -> t.name()).toList();
        try (GradientStep rerun = lossGradient.stepWithTensors(all)) {
            rerun.run(inputs);
            download();
            return NonFiniteLocator.forward(graph, parameters(), rerun).orElse("in the loss itself");
        }
    }

    @Override
    public void close() {
        lossGradient.close();
        parameters.close();
        deviceAverage().ifPresent(DeviceParameters::close);
    }
}
