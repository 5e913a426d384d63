package org.vit4j.samediff;

import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.engine.OpTime;
import org.vit4j.graph.Graph;

/** Loss and gradient by the portable lowering: one SameDiff graph of network and loss. */
public final class PortableStep implements GradientStep {
    private final Lowered lowered;
    private final Gradients gradients;
    private Map<String, INDArray> out = Map.of();
    private long batch;

    public PortableStep(Graph graph, Parameters parameters, Lowering.Mode mode, Wanted wanted) {
        this.lowered = Lowering.lower(graph, parameters, mode);
        var loss = wanted.loss().apply(lowered);
        var tensors = wanted.tensors().stream().map(lowered::variable).toList();
        var by = wanted.by().stream().map(name -> lowered.variable(name).name()).toList();
        this.gradients = new Gradients(lowered, loss, tensors, by, wanted.frozen());
    }

    @Override
    public List<Lowered.Mask> masks() {
        return lowered.masks();
    }

    @Override
    public void run(Map<String, INDArray> inputs) {
        batch = inputs.get(lowered.inputs().get(0)).size(0);
        out = gradients.run(inputs);
    }

    @Override
    public double forward(Map<String, INDArray> inputs) {
        return gradients.forward(inputs);
    }

    @Override
    public double loss() {
        return gradients.loss(out);
    }

    @Override
    public INDArray tensor(String name) {
        return out.get(lowered.variable(name).name());
    }

    @Override
    public INDArray by(String tensor) {
        return out.get(gradients.nameBy(lowered.variable(tensor).name()));
    }

    @Override
    public INDArray flat() {
        return gradients.flat();
    }

    @Override
    public INDArray of(String weight) {
        INDArray view = gradients.of(weight);
        return view != null ? view : lowered.parameters().array(weight).like();
    }

    @Override
    public void updateStatistics() {
        RunningStatistics.update(lowered.parameters(), lowered.statistics(), out, batch);
    }

    @Override
    public List<OpTime> profile(Map<String, INDArray> inputs, int runs) {
        return gradients.profile(inputs, runs);
    }

    @Override
    public long bytes() {
        return gradients.bytes();
    }

    @Override
    public void close() {
        gradients.close();
    }
}
