package org.vit4j.bench;

import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Backend;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Inference;
import org.vit4j.backend.OpTime;
import org.vit4j.backend.samediff.SameDiffLowering;
import org.vit4j.data.Batch;
import org.vit4j.optim.Optimizer;
import org.vit4j.train.RunConfig;

/** What {@code vit4j train} does in a step, on one of its engines. */
final class Vit4jSubject implements Subject {
    private final BenchNetwork network;
    private final Backend engine;
    private final double lr;
    private final GradientStep step;
    private final Optimizer.OptimizerState optimizer;
    private Inference inference;

    Vit4jSubject(RunConfig config, Backend engine) {
        this.network = new BenchNetwork(config);
        this.engine = engine;
        this.lr = config.train().optimizer().lr();
        var parameters = network.parameters();
        GradientStep.GradientSpec wanted = new GradientStep.GradientSpec(network::loss, List.of());
        this.step = engine.step(network.graph(), parameters, SameDiffLowering.Mode.TRAINING, wanted);
        this.optimizer = config.train().optimizer().start(parameters);
    }

    /** As a saved model has it; made anew once the weights have changed. */
    private Inference inference() {
        if (inference == null) inference = engine.fixedInference(network.graph(), network.parameters());
        return inference;
    }

    private void forgetInference() {
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
        optimizer.step(step.flatGradient(), lr);
        step.updateStatistics();
        forgetInference();
    }

    @Override
    public INDArray infer(INDArray images) {
        return inference().logits(images);
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
        forgetInference();
    }
}
