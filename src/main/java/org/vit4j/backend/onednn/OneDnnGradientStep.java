package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.BatchStatistics;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.DropMaskSpecs;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Mode;
import org.vit4j.backend.OpTime;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.PlanCache;
import org.vit4j.backend.Precision;
import org.vit4j.backend.RunningStatistics;
import org.vit4j.backend.Workspaces;
import org.vit4j.backend.samediff.LossGraph;
import org.vit4j.graph.Graph;
import org.vit4j.machine.CpuThreads;

/** Loss and gradients on the oneDNN backend. Caches the plans of the most recently used batch sizes. */
public final class OneDnnGradientStep implements GradientStep {
    private final Graph graph;
    private final ParameterStore parameters;
    private final Mode mode;
    private final GradientSpec spec;
    private final Precision precision;
    private final LossGraph loss;
    private final List<String> outputs;
    private final List<DropMask> masks;
    private final INDArray flatGradient;
    private final PlanCache<OneDnnPlan> plans = new PlanCache<>();
    /** Copies of the last run's results. The next run frees them: the garbage collector would run too late. */
    private final Map<String, INDArray> copies = new HashMap<>();

    private OneDnnPlan plan;
    private long batch;
    private double lossValue;

    public OneDnnGradientStep(
            Graph graph, ParameterStore parameters, Mode mode, GradientSpec spec, Precision precision) {
        this.graph = graph;
        this.parameters = parameters;
        this.mode = mode;
        this.spec = spec;
        this.precision = precision;
        this.loss = Workspaces.outside(() -> new LossGraph(graph, spec.loss()));
        Set<String> read = new LinkedHashSet<>(loss.tensors());
        read.addAll(spec.tensors());
        this.outputs = new ArrayList<>(read);
        this.flatGradient = Workspaces.outside(
                () -> Nd4j.zeros(DataType.FLOAT, parameters.trainable().length()));
        this.masks = DropMaskSpecs.of(graph);
    }

    private OneDnnPlan createPlan(long size) {
        OneDnnPlan created = OneDnnPlanner.training(
                graph, parameters, mode, size, outputs, loss.differentiableTensors(), flatGradient, precision, spec);
        // The C library keeps what Java's compilers and the planner have freed, next to which the arrays of a run would
        // come.
        Pointer.trimMemory();
        return created;
    }

    @Override
    public List<DropMask> masks() {
        return masks;
    }

    @Override
    public void run(Map<String, INDArray> inputs) {
        lossValue = Workspaces.outside(() -> gradients(inputs));
    }

    private double gradients(Map<String, INDArray> inputs) {
        selectPlan(inputs);
        return plan.reading(inputs, () -> {
            Map<String, INDArray> out = runForward(inputs);
            double value = loss.loss(out);
            for (String tensor : loss.differentiableTensors())
                plan.set(tensor + OneDnnPlan.LOSS_GRADIENT, loss.gradient(out, tensor));
            plan.backward();
            return value;
        });
    }

    @Override
    public double forwardLoss(Map<String, INDArray> inputs) {
        return Workspaces.outside(() -> {
            selectPlan(inputs);
            return plan.reading(inputs, () -> loss.loss(runForward(inputs)));
        });
    }

    private void selectPlan(Map<String, INDArray> inputs) {
        CpuThreads.limit();
        copies.values().forEach(INDArray::close);
        copies.clear();
        batch = inputs.values().iterator().next().size(0);
        plan = plans.get(cached -> cached.batch() == batch, () -> createPlan(batch));
    }

    /** Runs the network forward and evaluates the loss graph: loss and its gradients with respect to the outputs. */
    private Map<String, INDArray> runForward(Map<String, INDArray> inputs) {
        plan.forward();
        Map<String, INDArray> lossInputs = new HashMap<>();
        inputs.forEach((name, array) -> {
            if (loss.hasInput(name)) lossInputs.put(name, array);
        });
        for (String tensor : loss.tensors()) lossInputs.put(tensor, copy(tensor));
        return loss.run(lossInputs);
    }

    private INDArray copy(String name) {
        return Workspaces.outside(() -> copies.computeIfAbsent(name, plan::get));
    }

    @Override
    public double loss() {
        return lossValue;
    }

    @Override
    public INDArray tensor(String name) {
        return copy(name);
    }

    @Override
    public INDArray gradientOfTensor(String tensor) {
        String gradient = tensor + OneDnnPlan.GRADIENT;
        if (!plan.outputs().contains(gradient))
            throw new IllegalArgumentException("the loss does not depend on " + tensor);
        return copy(gradient);
    }

    @Override
    public INDArray flatGradient() {
        return flatGradient;
    }

    @Override
    public INDArray gradientOf(String weight) {
        long from = parameters.offsets().get(weight);
        return ParameterStore.view(
                flatGradient, from, parameters.parameter(weight).shape());
    }

    @Override
    public void updateStatistics() {
        for (BatchStatistics s : plan.statistics()) {
            RunningStatistics.update(parameters, s, plan.values(s.mean()), plan.values(s.variance()), batch);
        }
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
        flatGradient.close();
    }
}
