package org.vit4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.graph.Graph;
import org.vit4j.optim.AdamW;
import org.vit4j.optim.Optimizer;
import org.vit4j.optim.ParamGroups;
import org.vit4j.run.RunConfig;
import org.vit4j.train.LossFunctions;

/**
 * Training from the same seed as on the SameDiff backend stays close. Rounding differs from the first step, and training
 * amplifies it: after 500 AdamW steps the relative L2 difference of the weights was 0.0011. For comparison, it was
 * 0.0007 between two runs of the SameDiff backend whose initial weights differed by 1e-6. The test allows 0.005.
 */
@Tag("slow")
@RequiresOneDnn
class BackendsStayCloseTest {
    private static final int BATCH = 16;
    private static final int STEPS = 500;

    private record TrainingRun(INDArray weights, List<Double> losses) {}

    private static TrainingRun train(Backend backend) {
        Optimizer optimizer = new AdamW(1e-3, 0.05, 0.9, 0.999, 1e-8);
        Graph graph = RunConfig.open("digits-vit", List.of("model.dim=64", "model.depth=3", "model.heads=2"))
                .model()
                .graph();
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        var spec = new GradientStep.GradientSpec(
                network -> LossFunctions.crossEntropy(
                        network.sd(),
                        network.output("logits"),
                        network.sd().placeHolder("targets", DataType.FLOAT, -1, 10)),
                List.of());
        List<Double> losses = new ArrayList<>();
        try (DeviceParameters device = backend.parameters(parameters);
                GradientStep step = backend.step(graph, device, Mode.TRAINING, spec)) {
            Optimizer.OptimizerState state =
                    optimizer.start(device.trainable(), ParamGroups.of(parameters, optimizer.weightDecay()));
            long[] shape = graph.tensors().iterator().next().shape().batched(BATCH);
            for (int i = 0; i < STEPS; i++) {
                // Cycle through ten batches with different labels, so that there is something to learn.
                Map<String, INDArray> inputs = new HashMap<>();
                inputs.put("image", images(i % 10, shape));
                INDArray targets = Nd4j.zeros(DataType.FLOAT, BATCH, 10);
                for (int b = 0; b < BATCH; b++) targets.putScalar(b, (b * 7 + i) % 10, 1);
                inputs.put("targets", targets);
                step.run(inputs);
                losses.add(step.loss());
                state.step(step.gradient(), optimizer.lr());
            }
            device.download();
        }
        return new TrainingRun(parameters.trainable().dup(), losses);
    }

    /** Random images by java.util.Random: ND4J's generator is not reproducible for equal seeds. */
    private static INDArray images(long seed, long[] shape) {
        Random random = new Random(seed);
        float[] values = new float[(int) (shape[0] * shape[1] * shape[2] * shape[3])];
        for (int i = 0; i < values.length; i++) values[i] = (float) random.nextGaussian();
        return Nd4j.createFromArray(values).reshape('c', shape);
    }

    static List<Backend> compared() {
        return TestBackends.compared();
    }

    @ParameterizedTest
    @MethodSource("compared")
    void fiveHundredTrainingStepsStayClose(Backend backend) {
        TrainingRun found = train(backend);
        TrainingRun sameDiff = train(Backend.SAMEDIFF);
        assertThat(sameDiff.losses.get(STEPS - 1)).isLessThan(0.5 * sameDiff.losses.get(0));
        for (int i = 0; i < 10; i++) {
            assertThat(found.losses.get(i)).as("loss of step %d", i).isCloseTo(sameDiff.losses.get(i), within(1e-3));
        }
        assertThat(relativeDifference(found.weights, sameDiff.weights))
                .as("weights, relative L2")
                .isLessThan(5e-3);
    }

    /** More tokens than any golden case has: kernels choose block sizes by the number of tokens. */
    @ParameterizedTest
    @MethodSource("compared")
    void logitsAndGradientsAgreeWithManyTokens(Backend compared) {
        Graph graph = RunConfig.open(
                        "digits-vit", List.of("model.dim=32", "model.depth=2", "model.heads=2", "model.patch_size=2"))
                .model()
                .graph();
        assertThat(graph.tensor("blocks.0.attn.probs").dim(1)).isGreaterThanOrEqualTo(256);
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        Nd4j.getRandom().setSeed(1);
        INDArray images = Nd4j.randn(
                DataType.FLOAT, graph.tensors().iterator().next().shape().batched(3));
        Map<Backend, INDArray> logits = new HashMap<>();
        Map<Backend, INDArray> gradients = new HashMap<>();
        for (Backend backend : List.of(compared, Backend.SAMEDIFF)) {
            var spec = new GradientStep.GradientSpec(
                    network -> network.output("logits")
                            .mul(network.output("logits"))
                            .sum(),
                    List.of());
            try (var inference = backend.inference(graph, parameters);
                    GradientStep step = backend.step(graph, parameters, Mode.TRAINING, spec)) {
                step.run(Map.of("image", images));
                logits.put(backend, inference.logits(images));
                gradients.put(backend, step.flatGradient().dup());
            }
        }
        assertThat(relativeDifference(logits.get(compared), logits.get(Backend.SAMEDIFF)))
                .isLessThan(1e-5);
        assertThat(relativeDifference(gradients.get(compared), gradients.get(Backend.SAMEDIFF)))
                .isLessThan(1e-4);
    }

    private static double relativeDifference(INDArray a, INDArray b) {
        return a.sub(b).norm2Number().doubleValue() / b.norm2Number().doubleValue();
    }
}
