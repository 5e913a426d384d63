package org.vit4j.bench;

import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Backend;
import org.vit4j.backend.DeviceParameters;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Inference;
import org.vit4j.backend.Mode;
import org.vit4j.backend.OpTime;
import org.vit4j.data.Batch;
import org.vit4j.optim.Optimizer;
import org.vit4j.optim.ParamGroups;
import org.vit4j.run.RunConfig;

/** A training step as in {@code vit4j train}, on one of vit4j's backends. */
final class Vit4jSubject implements Subject {
    private final BenchNetwork network;
    private final Backend backend;
    private final DeviceParameters parameters;
    private final double lr;
    private final GradientStep step;
    private final Optimizer.OptimizerState optimizer;
    private Inference inference;

    Vit4jSubject(RunConfig config, Backend backend) {
        this.network = new BenchNetwork(config);
        this.backend = backend;
        this.lr = config.train().optimizer().lr();
        this.parameters = backend.parameters(network.parameters());
        GradientStep.GradientSpec spec = new GradientStep.GradientSpec(network::loss, List.of());
        this.step = backend.step(network.graph(), parameters, Mode.TRAINING, spec);
        Optimizer rule = config.train().optimizer();
        this.optimizer = rule.start(parameters.trainable(), ParamGroups.of(network.parameters(), rule.weightDecay()));
    }

    /** Inference with constant parameters, as for a saved model; recreated after each update. */
    private Inference inference() {
        if (inference != null) return inference;
        parameters.download();
        inference = backend.fixedInference(network.graph(), network.parameters());
        return inference;
    }

    private void closeInference() {
        if (inference != null) inference.close();
        inference = null;
    }

    @Override
    public double forward(Batch batch) {
        Map<String, INDArray> inputs = network.inputs(batch, step.masks());
        double loss = step.forwardLoss(inputs);
        inputs.values().forEach(INDArray::close);
        return loss;
    }

    @Override
    public double gradient(Batch batch) {
        Map<String, INDArray> inputs = network.inputs(batch, step.masks());
        step.run(inputs);
        inputs.values().forEach(INDArray::close);
        return step.loss();
    }

    @Override
    public void update() {
        optimizer.step(step.gradient(), lr);
        step.updateStatistics();
        closeInference();
    }

    @Override
    public float[][] infer(INDArray images) {
        return inference().logitValues(images);
    }

    @Override
    public List<OpTime> profileTraining(Batch batch, int runs) {
        return step.profile(network.inputs(batch, step.masks()), runs);
    }

    @Override
    public List<OpTime> profileInference(INDArray images, int runs) {
        return inference().profile(images, runs);
    }

    @Override
    public void close() {
        step.close();
        closeInference();
        parameters.close();
    }
}
