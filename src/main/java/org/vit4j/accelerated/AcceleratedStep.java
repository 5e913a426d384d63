package org.vit4j.accelerated;

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
import org.vit4j.engine.OpTime;
import org.vit4j.graph.Graph;
import org.vit4j.samediff.GradientStep;
import org.vit4j.samediff.Lowered;
import org.vit4j.samediff.Lowering;
import org.vit4j.samediff.Parameters;
import org.vit4j.samediff.RunningStatistics;

/** Loss and gradient by the accelerated lowering; the plans of the batch sizes last seen are kept. */
public final class AcceleratedStep implements GradientStep {
    private final Graph graph;
    private final Parameters parameters;
    private final Lowering.Mode mode;
    private final Wanted wanted;
    private final LossGraph loss;
    private final List<String> outputs;
    private final List<Lowered.Mask> masks;
    private final INDArray flat;
    private final Plans<Long> plans = new Plans<>(this::draw);
    /** Copies of what the last run left, freed by the next: the garbage collector would wait for the heap to fill. */
    private final Map<String, INDArray> copies = new HashMap<>();

    private Plan plan;
    private long batch;
    private double value;

    public AcceleratedStep(Graph graph, Parameters parameters, Lowering.Mode mode, Wanted wanted) {
        this.graph = graph;
        this.parameters = parameters;
        this.mode = mode;
        this.wanted = wanted;
        this.loss = new LossGraph(graph, wanted.loss());
        Set<String> read = new LinkedHashSet<>(loss.read());
        read.addAll(wanted.tensors());
        this.outputs = new ArrayList<>(read);
        this.flat = Nd4j.zeros(DataType.FLOAT, parameters.trained().length());
        this.masks = DropMasks.of(graph);
    }

    private Plan draw(long size) {
        return Planner.training(graph, parameters, mode, size, outputs, loss.tensors(), flat, wanted);
    }

    @Override
    public List<Lowered.Mask> masks() {
        return masks;
    }

    @Override
    public void run(Map<String, INDArray> inputs) {
        Map<String, INDArray> out = half(inputs);
        value = loss.loss(out);
        for (String tensor : loss.tensors()) plan.set(tensor + Planner.GRADIENT, loss.gradient(out, tensor));
        plan.backward();
    }

    @Override
    public double forward(Map<String, INDArray> inputs) {
        return loss.loss(half(inputs));
    }

    /** The network forward, and the loss with its gradient. */
    private Map<String, INDArray> half(Map<String, INDArray> inputs) {
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
    public INDArray by(String tensor) {
        return copy(tensor + Planner.GRADIENT);
    }

    @Override
    public INDArray flat() {
        return flat;
    }

    @Override
    public INDArray of(String weight) {
        long from = parameters.offsets().get(weight);
        return Parameters.view(flat, from, parameters.weight(weight).shape());
    }

    @Override
    public void updateStatistics() {
        Map<String, INDArray> seen = new LinkedHashMap<>();
        for (Lowered.Statistics s : plan.statistics()) {
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
