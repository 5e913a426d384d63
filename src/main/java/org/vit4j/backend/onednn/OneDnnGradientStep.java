package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.OpTime;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.RunningStatistics;
import org.vit4j.backend.samediff.SameDiffGraph;
import org.vit4j.backend.samediff.SameDiffLowering;
import org.vit4j.graph.Graph;
import org.vit4j.machine.CpuThreads;

/** Loss and gradient by the accelerated lowering; the plans of the batch sizes last seen are kept. */
public final class OneDnnGradientStep implements GradientStep {
    private final Graph graph;
    private final ParameterStore parameters;
    private final SameDiffLowering.Mode mode;
    private final GradientSpec wanted;
    private final LossGraph loss;
    private final List<String> outputs;
    private final List<SameDiffGraph.DropMask> masks;
    private final INDArray flat;
    private final PlanCache<Long> plans = new PlanCache<>(this::draw);
    /** Copies of what the last run left, freed by the next: the garbage collector would wait for the heap to fill. */
    private final Map<String, INDArray> copies = new HashMap<>();

    private OneDnnPlan plan;
    private long batch;
    private double value;

    public OneDnnGradientStep(Graph graph, ParameterStore parameters, SameDiffLowering.Mode mode, GradientSpec wanted) {
        this.graph = graph;
        this.parameters = parameters;
        this.mode = mode;
        this.wanted = wanted;
        this.loss = new LossGraph(graph, wanted.loss());
        Set<String> read = new LinkedHashSet<>(loss.read());
        read.addAll(wanted.tensors());
        this.outputs = new ArrayList<>(read);
        this.flat = Nd4j.zeros(DataType.FLOAT, parameters.trainable().length());
        this.masks = DropMaskSpecs.of(graph);
    }

    private OneDnnPlan draw(long size) {
        return OneDnnPlanner.training(graph, parameters, mode, size, outputs, loss.tensors(), flat, wanted);
    }

    @Override
    public List<SameDiffGraph.DropMask> masks() {
        return masks;
    }

    @Override
    public void run(Map<String, INDArray> inputs) {
        Map<String, INDArray> out = forwardOrBackward(inputs);
        value = loss.loss(out);
        for (String tensor : loss.tensors()) plan.set(tensor + OneDnnPlanner.GRADIENT, loss.gradient(out, tensor));
        plan.backward();
    }

    @Override
    public double forwardLoss(Map<String, INDArray> inputs) {
        return loss.loss(forwardOrBackward(inputs));
    }

    /** The network forward, and the loss with its gradient. */
    private Map<String, INDArray> forwardOrBackward(Map<String, INDArray> inputs) {
        CpuThreads.limit();
        copies.values().forEach(INDArray::close);
        copies.clear();
        batch = inputs.values().iterator().next().size(0);
        plan = plans.get(batch);
        Map<String, INDArray> given = new HashMap<>();
        inputs.forEach((name, array) -> {
            if (plan.has(name)) plan.set(name, array);
            if (loss.wants(name)) given.put(name, array);
        });
        plan.forward();
        for (String tensor : loss.read()) given.put(tensor, copy(tensor));
        return loss.run(given);
    }

    private INDArray copy(String name) {
        return copies.computeIfAbsent(name, plan::get);
    }

    @Override
    public double loss() {
        return value;
    }

    @Override
    public INDArray tensor(String name) {
        return copy(name);
    }

    @Override
    public INDArray gradientOfTensor(String tensor) {
        return copy(tensor + OneDnnPlanner.GRADIENT);
    }

    @Override
    public INDArray flatGradient() {
        return flat;
    }

    @Override
    public INDArray gradientOf(String weight) {
        long from = parameters.offsets().get(weight);
        return ParameterStore.view(flat, from, parameters.parameter(weight).shape());
    }

    @Override
    public void updateStatistics() {
        Map<String, INDArray> seen = new LinkedHashMap<>();
        for (SameDiffGraph.BatchStatistics s : plan.statistics()) {
            seen.put(s.mean(), copy(s.mean()));
            seen.put(s.variance(), copy(s.variance()));
        }
        RunningStatistics.update(parameters, plan.statistics(), seen, batch);
    }

    @Override
    public List<OpTime> profile(Map<String, INDArray> inputs, int runs) {
        run(inputs);
        return plan.profile(() -> {
            for (int i = 0; i < runs; i++) run(inputs);
        });
    }

    @Override
    public long bytes() {
        return plans.bytes();
    }

    @Override
    public void close() {
        copies.values().forEach(INDArray::close);
        plans.close();
        loss.close();
        flat.close();
    }
}
