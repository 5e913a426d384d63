package org.vit4j.backend.torch;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Inference;
import org.vit4j.backend.Mode;
import org.vit4j.backend.OpTime;
import org.vit4j.backend.OpTime.OpTimes;
import org.vit4j.graph.Graph;
import org.vit4j.machine.CpuThreads;

/** Forward passes on the libtorch backend. Calls share the parameters only, and run at the same time. */
final class TorchInference implements Inference {
    private final Graph graph;
    private final TorchSettings settings;
    private final TorchParameters parameters;
    private final TorchConstants constants;

    TorchInference(Graph graph, TorchSettings settings, TorchDeviceParameters flat, TorchParameterUse use) {
        this.graph = graph;
        this.settings = settings;
        this.parameters = TorchParameters.inference(flat, use);
        this.constants = new TorchConstants(settings.device());
    }

    @Override
    public Graph graph() {
        return graph;
    }

    @Override
    public INDArray tensor(String name, Map<String, INDArray> inputs) {
        return tensors(List.of(name), inputs).get(name);
    }

    @Override
    public Map<String, INDArray> tensors(List<String> names, Map<String, INDArray> inputs) {
        Set<String> computed = new LinkedHashSet<>(names);
        computed.removeAll(inputs.keySet());
        Map<String, INDArray> results = new LinkedHashMap<>();
        for (String name : names)
            if (inputs.containsKey(name)) results.put(name, inputs.get(name).dup('c'));
        if (!computed.isEmpty()) results.putAll(run(computed, inputs, null));
        return results;
    }

    /** @param times receives the time of each operation, or null */
    private Map<String, INDArray> run(Set<String> names, Map<String, INDArray> inputs, OpTimes times) {
        long batch = Inference.checkedBatchSize(graph, inputs);
        TorchPass pass = TorchPass.inference(graph, names, settings.fusesAttention());
        TorchDevice device = settings.device();
        CpuThreads.limit();
        device.start(settings.precision());
        Map<String, INDArray> results = new LinkedHashMap<>();
        NoGradGuard noGradients = new NoGradGuard(); // for this thread
        try (PointerScope scope = TorchArrays.scope();
                TorchInputs values = new TorchInputs(device, inputs, null)) {
            parameters.upload();
            TorchOpLowering lowering = new TorchOpLowering(
                    Mode.INFERENCE,
                    new TorchProducts(settings.precision()),
                    batch,
                    values.values(),
                    parameters,
                    constants,
                    new TorchBatchNorm(device, batch));
            pass.run(lowering, times);
            for (String name : names) {
                long[] shape = graph.tensor(name).shape().batched(batch);
                results.put(name, TorchArrays.copy(lowering.values().get(name).tensor(), shape));
            }
            TorchPass.release(lowering);
        } finally {
            noGradients.deallocate();
        }
        return results;
    }

    @Override
    public List<OpTime> profile(INDArray images, int runs) {
        OpTimes times = new OpTimes();
        for (int i = 0; i < runs; i++) run(Set.of(graph.logits().name()), Map.of(input(), images), times);
        return times.sorted();
    }

    @Override
    public void close() {
        constants.close();
        parameters.close();
    }
}
