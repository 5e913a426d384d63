package org.vit4j.backend.torch;

import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.DropMaskSpecs;
import org.vit4j.backend.FlatArray;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Mode;
import org.vit4j.backend.OpTime;
import org.vit4j.backend.OpTime.OpTimes;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.LossGraph;
import org.vit4j.graph.Graph;
import org.vit4j.machine.CpuThreads;

/** Loss and gradients on the libtorch backend. */
final class TorchGradientStep implements GradientStep {
    private final Graph graph;
    private final TorchSettings settings;
    private final TorchDevice device;
    private final ParameterStore store;
    private final Mode mode;
    private final LossGraph loss;
    private final Set<String> outputs;
    private final List<String> differentiated;
    private final List<DropMask> masks;
    private final TorchParameters parameters;
    private final TorchConstants constants;
    private final TorchPass pass;

    /** Results of the last run, by name. */
    private final Map<String, INDArray> tensors = new HashMap<>();

    private final Map<String, INDArray> gradients = new HashMap<>();
    private final TorchMemory memory = new TorchMemory();
    /** Normalized values of images of bytes; null before {@link #normalizesBytes}. */
    private TorchFlatArray byteTable;

    private TorchBatchNorm batchNorms;
    /** Copy of the gradient of the last run, or its memory; null before it is read. */
    private INDArray hostGradient;

    private double lossValue;
    private long batch;

    TorchGradientStep(
            Graph graph,
            TorchSettings settings,
            TorchDeviceParameters flat,
            TorchParameterUse use,
            Mode mode,
            GradientSpec spec) {
        this.graph = graph;
        this.settings = settings;
        this.device = settings.device();
        this.store = flat.store();
        this.mode = mode;
        this.loss = new LossGraph(graph, spec.loss());
        this.outputs = new LinkedHashSet<>(loss.tensors());
        this.outputs.addAll(spec.tensors());
        this.differentiated = spec.gradientsOf();
        this.masks = DropMaskSpecs.of(graph);
        this.parameters = TorchParameters.training(flat, use, spec.frozen());
        this.constants = new TorchConstants(device);
        this.pass = TorchPass.training(graph, outputs, differentiated, settings.fusesAttention());
        this.batchNorms = new TorchBatchNorm(device, 0);
    }

    @Override
    public List<DropMask> masks() {
        return masks;
    }

    @Override
    public void run(Map<String, INDArray> inputs) {
        run(inputs, true, null);
    }

    @Override
    public double forwardLoss(Map<String, INDArray> inputs) {
        run(inputs, false, null);
        return lossValue;
    }

    /** @param times receives the time of each operation, or null */
    private void run(Map<String, INDArray> inputs, boolean backward, OpTimes times) {
        CpuThreads.limit();
        device.start(settings.precision());
        closeResults();
        batch = inputs.values().iterator().next().size(0);
        batchNorms.close();
        batchNorms = new TorchBatchNorm(device, batch);
        AutoGradMode recording = new AutoGradMode(backward); // for this thread
        try (PointerScope scope = TorchArrays.scope();
                TorchInputs values = new TorchInputs(device, inputs, byteTable == null ? null : byteTable.tensor())) {
            uploadParameters();
            TorchOpLowering lowering = new TorchOpLowering(
                    mode,
                    new TorchProducts(settings.precision()),
                    batch,
                    values.values(),
                    parameters,
                    constants,
                    batchNorms);
            pass.run(lowering, times);
            for (String name : outputs)
                tensors.put(name, copy(name, lowering.values().get(name).tensor()));
            Map<String, INDArray> results = runLoss(inputs);
            lossValue = loss.loss(results);
            if (backward) backward(lowering, results, times);
            TorchPass.release(lowering);
        } finally {
            recording.deallocate();
        }
    }

    /** Autograd must not record the change of the leaves. */
    private void uploadParameters() {
        NoGradGuard noGradients = new NoGradGuard();
        try {
            parameters.upload();
        } finally {
            noGradients.deallocate();
        }
    }

    /** On a device with memory of its own; on the host, where nothing is copied, the loader's floats are as good. */
    @Override
    public boolean normalizesBytes(float[] table) {
        if (device.sharesMemory()) return false;
        byteTable = TorchFlatArray.of(device, Nd4j.createFromArray(table), memory);
        return true;
    }

    private INDArray copy(String name, Tensor value) {
        return TorchArrays.copy(value, graph.tensor(name).shape().batched(batch));
    }

    private Map<String, INDArray> runLoss(Map<String, INDArray> inputs) {
        Map<String, INDArray> lossInputs = new HashMap<>();
        inputs.forEach((name, array) -> {
            if (loss.hasInput(name)) lossInputs.put(name, array);
        });
        for (String name : loss.tensors()) lossInputs.put(name, tensors.get(name));
        return loss.run(lossInputs);
    }

    private void backward(TorchOpLowering lowering, Map<String, INDArray> results, OpTimes times) {
        long start = System.nanoTime();
        parameters.gradient().fill(0);
        hostGradient = null;
        TensorVector roots = new TensorVector();
        TensorVector rootGradients = new TensorVector();
        List<INDArray> held = new ArrayList<>();
        for (String name : loss.differentiableTensors()) {
            Tensor root = lowering.values().get(name).tensor();
            if (!root.requires_grad()) continue;
            INDArray gradient = TorchArrays.dense(loss.gradient(results, name));
            held.add(gradient);
            roots.push_back(root);
            long[] shape = graph.tensor(name).shape().batched(batch);
            rootGradients.push_back(device.tensor(TorchArrays.shared(gradient, shape)));
        }
        if (!roots.empty()) torch.backward(roots, rootGradients, new BoolOptional(), false, new TensorVector());
        for (String name : differentiated) {
            Tensor gradient = lowering.values().get(name).tensor().grad();
            boolean affects = gradient.defined();
            gradients.put(name, affects ? copy(name, gradient) : zeros(name));
        }
        Reference.reachabilityFence(held); // tensors share its memory
        if (times != null) times.add("backward", System.nanoTime() - start);
    }

    private INDArray zeros(String name) {
        return Nd4j.zeros(DataType.FLOAT, graph.tensor(name).shape().batched(batch));
    }

    private void closeResults() {
        tensors.values().forEach(INDArray::close);
        gradients.values().forEach(INDArray::close);
        tensors.clear();
        gradients.clear();
    }

    @Override
    public double loss() {
        return lossValue;
    }

    @Override
    public INDArray tensor(String name) {
        return tensors.get(name);
    }

    @Override
    public INDArray gradientOfTensor(String tensor) {
        return gradients.get(tensor);
    }

    @Override
    public FlatArray gradient() {
        return parameters.gradient();
    }

    @Override
    public INDArray flatGradient() {
        if (hostGradient == null) hostGradient = parameters.gradient().host();
        return hostGradient;
    }

    @Override
    public INDArray gradientOf(String parameter) {
        long from = store.offsets().get(parameter);
        return ParameterStore.view(
                flatGradient(), from, store.parameter(parameter).shape());
    }

    @Override
    public void updateStatistics() {
        batchNorms.update(parameters);
        parameters.downloadBuffers();
    }

    @Override
    public List<OpTime> profile(Map<String, INDArray> inputs, int runs) {
        run(inputs);
        OpTimes times = new OpTimes();
        for (int i = 0; i < runs; i++) run(inputs, true, times);
        return times.sorted();
    }

    /** An estimate: all values of the last run, which autograd may keep. */
    @Override
    public long bytes() {
        return pass.elements() * batch * Float.BYTES;
    }

    @Override
    public void close() {
        closeResults();
        loss.close();
        constants.close();
        batchNorms.close();
        memory.close();
        parameters.close();
    }
}
