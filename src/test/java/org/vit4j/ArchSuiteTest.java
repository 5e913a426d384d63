package org.vit4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.backend.Backend;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Inference;
import org.vit4j.backend.LossInputs;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.SavedModel;
import org.vit4j.models.ModelConfig;
import org.vit4j.models.Models;
import org.vit4j.optim.AdamW;
import org.vit4j.optim.Optimizer;
import org.vit4j.run.RunConfig;
import org.vit4j.train.LossFunctions;
import org.vit4j.train.SoftTargets;

/** Properties of every architecture, tested on the small networks of the digits configs. */
class ArchSuiteTest {
    private static final int BATCH = 8;

    /** Parameters whose gradient is mathematically zero. */
    private static final List<String> ZERO_GRADIENT = List.of(
            // Softmax is invariant to constants added to a row of scores: biases of keys and of talking heads before
            // it.
            ".*\\.(wk|k|proj_k|proj_l)\\.bias",
            ".*conv_proj_k\\.bn\\.beta",
            // Batch norm removes constants added before it; LeViT's head starts with a batch norm.
            ".*PCM\\..*\\.bias",
            ".*leff\\.conv\\d\\.bias",
            "(stem\\.conv\\d|stages\\.\\d\\..*)\\.bn\\.beta",
            // The heads of CvT and CeiT read class tokens, so the last block's patches do not affect the logits.
            "stage2\\.blocks\\.1\\.attn\\.conv_proj_q\\..*",
            "blocks\\.3\\.leff\\..*");

    @TempDir
    Path directory;

    static Stream<String> configs() {
        Stream<String> plain = Models.builtIn().names().stream().map(arch -> "digits-" + arch);
        return Stream.concat(plain, Stream.of("digits-deit-distilled")); // two heads
    }

    private static ParameterStore start(Graph graph) {
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(5);
        return parameters;
    }

    private static INDArray images(ModelConfig model, int count) {
        Nd4j.getRandom().setSeed(7);
        var spec = model.image();
        return Nd4j.randn(DataType.FLOAT, count, spec.height(), spec.width(), spec.channels());
    }

    @ParameterizedTest
    @MethodSource("configs")
    void logitsOfAnImageDoNotDependOnTheBatch(String config) {
        ModelConfig model = RunConfig.open(config, List.of()).model().config();
        Graph graph = model.build();
        INDArray images = images(model, 5);
        try (Inference inference = Backend.AUTO.inference(graph, start(graph))) {
            INDArray together = inference.logits(images);
            assertThat(together.shape()).containsExactly(5, 10);
            assertThat(together.isNaN().any() || together.isInfinite().any()).isFalse();
            assertThat(inference.logits(images)).isEqualTo(together);
            double largest = together.amaxNumber().doubleValue();
            for (int i = 0; i < 5; i++) {
                INDArray alone = inference.logits(images.get(NDArrayIndex.interval(i, i + 1)));
                assertThat(alone.getRow(0).sub(together.getRow(i)).amaxNumber().doubleValue())
                        .isLessThan(1e-5 * Math.max(1, largest));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void everyTrainableParameterHasAGradient(String config) {
        ModelConfig model = RunConfig.open(config, List.of()).model().config();
        Graph graph = model.build();
        ParameterStore parameters = start(graph);
        Nd4j.getRandom().setSeed(3);
        // Perturbs parameters that start at zero and would block the gradients of their inputs.
        parameters
                .trainable()
                .addi(Nd4j.randn(DataType.FLOAT, parameters.trainable().length())
                        .mul(0.05));
        try (GradientStep gradients = step(graph, parameters)) {
            gradients.run(inputs(gradients, model));
            List<String> without = new ArrayList<>();
            double largest = gradients.flatGradient().amaxNumber().doubleValue();
            for (String name : parameters.offsets().keySet()) {
                INDArray gradient = gradients.gradientOf(name);
                boolean none = gradient.amaxNumber().doubleValue() < 1e-7 * largest;
                if (none && ZERO_GRADIENT.stream().noneMatch(name::matches)) without.add(name);
            }
            assertThat(without).isEmpty();
        }
    }

    /** Sum of the cross entropies of all outputs. */
    private static SDVariable loss(LossInputs network) {
        SDVariable targets = network.sd().placeHolder("targets", DataType.FLOAT, -1, 10);
        SDVariable sum = null;
        for (String output : network.graph().outputs().keySet()) {
            SDVariable one = LossFunctions.crossEntropy(network.sd(), network.output(output), targets);
            sum = sum == null ? one : sum.add(one);
        }
        return sum;
    }

    private static GradientStep step(Graph graph, ParameterStore parameters) {
        GradientStep.GradientSpec spec = new GradientStep.GradientSpec(ArchSuiteTest::loss, List.of());
        return Backend.AUTO.step(graph, parameters, Mode.TRAINING, spec);
    }

    private static Map<String, INDArray> inputs(GradientStep step, ModelConfig model) {
        Map<String, INDArray> inputs = new HashMap<>();
        inputs.put("image", images(model, BATCH));
        int[] labels = IntStream.range(0, BATCH).map(i -> i % 10).toArray();
        inputs.put("targets", SoftTargets.smoothed(labels, 10, 0));
        for (DropMask mask : step.masks()) {
            inputs.put(mask.name(), Nd4j.ones(DataType.FLOAT, mask.shape().batched(BATCH)));
        }
        return inputs;
    }

    @ParameterizedTest
    @MethodSource("configs")
    void trainingOverfitsEightImages(String config) {
        ModelConfig model = RunConfig.open(config, List.of()).model().config();
        Graph graph = model.build();
        ParameterStore parameters = start(graph);
        Optimizer.OptimizerState adam = new AdamW(2e-3, 0, 0.9, 0.999, 1e-8).start(parameters);
        try (GradientStep gradients = step(graph, parameters)) {
            Map<String, INDArray> inputs = inputs(gradients, model);
            gradients.run(inputs);
            double first = gradients.loss();
            double last = first;
            for (int step = 0; step < 150 && last > 0.1 * first; step++) {
                gradients.run(inputs);
                last = gradients.loss();
                adam.step(gradients.flatGradient(), 2e-3);
                gradients.updateStatistics();
            }
            assertThat(last).isLessThan(0.1 * first);
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void savedModelGivesBitwiseEqualLogits(String name) {
        RunConfig config = RunConfig.open(name, List.of());
        ParameterStore parameters = start(config.model().graph());
        List<String> classes = IntStream.range(0, 10).mapToObj(String::valueOf).toList();
        ModelDescription description = new ModelDescription(
                name, config.model(), config.resolved(), classes, config.data().preprocess(), Map.of());
        Path file = directory.resolve(name + ".keras");
        SavedModel.write(file, description, parameters);
        INDArray images = images(config.model().config(), 3);
        try (SavedModel model = SavedModel.load(file);
                Inference inference = Backend.AUTO.inference(config.model().graph(), parameters)) {
            assertThat(model.inference().logits(images)).isEqualTo(inference.logits(images));
        }
    }
}
