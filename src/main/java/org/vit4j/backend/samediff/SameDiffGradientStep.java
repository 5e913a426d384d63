package org.vit4j.backend.samediff;

import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Mode;
import org.vit4j.backend.OpTime;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.RunningStatistics;
import org.vit4j.graph.Graph;
import org.vit4j.machine.CpuThreads;

/** Loss and gradients on the SameDiff backend: one graph of network and loss. */
public final class SameDiffGradientStep implements GradientStep {
    private final SameDiffGraph lowered;
    private final SameDiffGradients gradients;
    private Map<String, INDArray> out = Map.of();
    private long batch;

    public SameDiffGradientStep(Graph graph, ParameterStore parameters, Mode mode, GradientSpec spec) {
        this.lowered = SameDiffLowering.lower(graph, parameters, mode);
        var loss = spec.loss().apply(lowered);
        var tensors = spec.tensors().stream().map(lowered::variable).toList();
        var differentiated = spec.gradientsOf().stream()
                .map(name -> lowered.variable(name).name())
                .toList();
        this.gradients = new SameDiffGradients(lowered, loss, tensors, differentiated, spec.frozen());
    }

    @Override
    public List<DropMask> masks() {
        return lowered.masks();
    }

    @Override
    public void run(Map<String, INDArray> inputs) {
        CpuThreads.limit();
        batch = inputs.get(lowered.inputs().get(0)).size(0);
        out = gradients.run(inputs);
    }

    @Override
    public double forwardLoss(Map<String, INDArray> inputs) {
        CpuThreads.limit();
        return gradients.forwardLoss(inputs);
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
    public INDArray gradientOfTensor(String tensor) {
        return out.get(gradients.gradientName(lowered.variable(tensor).name()));
    }

    @Override
    public INDArray flatGradient() {
        return gradients.flat();
    }

    @Override
    public INDArray gradientOf(String weight) {
        INDArray view = gradients.gradientOf(weight);
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
