package org.vit4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
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
@Tag("slow")
class ArchSuiteTest {
    private static final int BATCH = 8;

    /** Gradients below this part of the largest are zero: rounding leaves up to 1e-6, other gradients are above 7e-6. */
    private static final double ROUNDING = 2.5e-6;

    /** Config -> parameters whose gradient is mathematically zero; alternatives in braces. None for other configs. */
    private static final Map<String, Set<String>> ZERO_GRADIENTS = Map.of(
            // Softmax is invariant to constants added to a row of scores: biases of keys and of talking heads before
            // it.
            "digits-cait", names("blocks.{0,1,2,3}.attn.proj_l.bias", "blocks_token_only.{0,1}.attn.k.bias"),
            "digits-crossvit", names("blocks.{0,1}.fusion.{0,1}.attn.wk.bias"),
            // The last stage has a class token, which does not pass the convolution of the keys: its beta matters. The
            // head reads only the class token, so the last block's other queries do not affect the logits.
            "digits-cvt",
                    names(
                            "stage{0,1}.blocks.0.attn.{conv_proj_k.bn.beta,proj_k.bias}",
                            "stage2.blocks.{0,1}.attn.proj_k.bias",
                            "stage2.blocks.1.attn.conv_proj_q.{bn.beta,bn.gamma,conv.kernel}"),
            // Batch norm removes constants added before it. The head reads class tokens, which bypass the last LeFF.
            "digits-ceit",
                    names(
                            "blocks.{0,1,2}.leff.conv{1,2,3}.bias",
                            "blocks.3.leff.{bn1,bn2,bn3}.{beta,gamma}",
                            "blocks.3.leff.conv{1,2,3}.{bias,kernel}"),
            // Residual branches end with a batch norm, and the head starts with one.
            "digits-levit",
                    names(
                            "stem.conv3.bn.beta",
                            "stages.{0,1}.blocks.{0,1}.{attn.proj.ln,mlp.ln2}.bn.beta",
                            "stages.1.downsample.{attn_downsample.proj.ln,mlp.ln2}.bn.beta"),
            "digits-vitae", names("layers.{0,1}.RC.PCM.2.bias", "layers.2.NC.{0,1}.PCM.{0,3}.bias"));

    @TempDir
    Path directory;

    static Stream<String> configs() {
        Stream<String> plain = Models.builtIn().names().stream().map(arch -> "digits-" + arch);
        return Stream.concat(plain, Stream.of("digits-deit-distilled")); // two heads
    }

    /** Names with every combination of their alternatives in braces. */
    private static Set<String> names(String... patterns) {
        Deque<String> open = new ArrayDeque<>(List.of(patterns));
        Set<String> names = new TreeSet<>();
        while (!open.isEmpty()) {
            String name = open.pop();
            int from = name.indexOf('{');
            int to = name.indexOf('}');
            if (from < 0) names.add(name);
            else
                for (String choice : name.substring(from + 1, to).split(","))
                    open.push(name.substring(0, from) + choice + name.substring(to + 1));
        }
        return names;
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
    void exactlyTheListedParametersHaveNoGradient(String config) {
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
            double largest = gradients.flatGradient().amaxNumber().doubleValue();
            Set<String> without = new TreeSet<>(parameters.offsets().keySet());
            without.removeIf(name -> gradients.gradientOf(name).amaxNumber().doubleValue() >= ROUNDING * largest);
            assertThat(without).isEqualTo(ZERO_GRADIENTS.getOrDefault(config, Set.of()));
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
