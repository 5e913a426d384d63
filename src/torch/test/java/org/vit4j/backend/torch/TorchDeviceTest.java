package org.vit4j.backend.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Backend;
import org.vit4j.backend.BackendProvider;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Inference;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.run.RunConfig;

/** A device with memory of its own, by copies on the CPU: what a GPU does, but for its kernels. */
class TorchDeviceTest {
    private static final BackendProvider SHARING = new TorchBackend(TorchDevice.CPU, true);
    private static final BackendProvider COPYING = new TorchBackend(new TorchDevice("cpu", false), true);
    private static final int BATCH = 4;

    private final Graph graph = RunConfig.open("digits-cvt", List.of()).model().graph();
    private final ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);

    /** Results of two steps with an update of the parameters in between, and of inference before and after. */
    private Map<String, float[]> results(BackendProvider provider) {
        parameters.initialize(1);
        Nd4j.getRandom().setSeed(1);
        INDArray images = Nd4j.randn(DataType.FLOAT, graph.input().shape().batched(BATCH));
        var spec = new GradientStep.GradientSpec(
                network ->
                        network.output("logits").mul(network.output("logits")).sum(),
                List.of(),
                List.of(graph.input().name()));
        Map<String, float[]> results = new HashMap<>();
        try (GradientStep step = provider.step(graph, parameters, Mode.TRAINING, spec, Precision.FP32);
                Inference inference = provider.inference(graph, parameters, false, Precision.FP32)) {
            Map<String, INDArray> inputs = new HashMap<>(Map.of(graph.input().name(), images));
            for (DropMask mask : step.masks())
                inputs.put(mask.name(), Nd4j.ones(DataType.FLOAT, mask.shape().batched(BATCH)));
            for (int i = 0; i < 2; i++) {
                step.run(inputs);
                step.updateStatistics();
                results.put("gradient " + i, step.flatGradient().dup().data().asFloat());
                results.put(
                        "image " + i,
                        step.gradientOfTensor(graph.input().name()).dup().data().asFloat());
                parameters.trainable().subi(step.flatGradient().muli(1e-4));
                results.put("logits " + i, inference.logits(images).data().asFloat());
                results.put("statistics " + i, parameters.buffers().dup().data().asFloat());
            }
        }
        return results;
    }

    @Test
    void aDeviceWithItsOwnMemoryComputesTheSame() {
        Map<String, float[]> expected = results(SHARING);
        Map<String, float[]> found = results(COPYING);
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, values) -> assertThat(found.get(name)).as(name).isEqualTo(values));
        assertThat(expected.get("gradient 0")).isNotEqualTo(expected.get("gradient 1"));
        assertThat(expected.get("logits 0")).isNotEqualTo(expected.get("logits 1"));
    }

    @Test
    void aMissingGpuIsOneLine() {
        Assumptions.assumeFalse(torch.cuda_is_available());
        assertThat(new TorchBackend(TorchDevice.named("cuda:0"), true).unavailableReason(Precision.FP32))
                .hasValueSatisfying(reason -> assertThat(reason)
                        .hasLineCount(1)
                        .containsAnyOf("has no CUDA; build one with 'mvn -Ptorch,torch-cuda", "sees no GPU"));
        assertThatThrownBy(() -> Backend.AUTO.on("cuda:0").check())
                .isInstanceOf(ConfigError.class)
                .hasMessageStartingWith("device cuda:0 is not available: ");
    }
}
