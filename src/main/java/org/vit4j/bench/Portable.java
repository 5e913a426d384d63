package org.vit4j.bench;

import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.data.Batch;
import org.vit4j.engine.Program;
import org.vit4j.samediff.Gradients;
import org.vit4j.samediff.Inference;
import org.vit4j.samediff.RunningStatistics;
import org.vit4j.train.Optimizer;
import org.vit4j.train.RunConfig;

/** What {@code vit4j train} does in a step, with the portable lowering. */
final class Portable implements Contender {
    private final Network network;
    private final double lr;
    private final Gradients gradients;
    private final Program forward;
    private final Optimizer.State optimizer;
    private final Inference inference;
    private Map<String, INDArray> last = Map.of();
    private int lastSize;

    Portable(RunConfig config) {
        this.network = new Network(config);
        this.lr = config.train().optimizer().lr();
        this.gradients = new Gradients(network.lowered(), network.loss(), List.of());
        this.forward =
                new Program(network.lowered().sd(), List.of(network.loss().name()));
        var parameters = network.parameters();
        this.optimizer = config.train().optimizer().start(parameters.trained(), parameters.decayed());
        this.inference = new Inference(network.graph(), parameters);
    }

    @Override
    public double forward(Batch batch) {
        return forward.run(network.inputs(batch)).get(network.loss().name()).getDouble(0);
    }

    @Override
    public double gradient(Batch batch) {
        last = gradients.run(network.inputs(batch));
        lastSize = batch.size();
        return gradients.loss(last);
    }

    @Override
    public void update() {
        optimizer.step(gradients.flat(), lr);
        RunningStatistics.update(network.lowered(), last, lastSize);
    }

    @Override
    public INDArray infer(INDArray images) {
        return inference.logits(images);
    }

    @Override
    public void close() {
        gradients.close();
        forward.close();
        inference.close();
    }
}
