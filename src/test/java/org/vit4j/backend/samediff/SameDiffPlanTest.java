package org.vit4j.backend.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;
import org.vit4j.models.ModelConfig;
import org.vit4j.run.RunConfig;
import org.vit4j.train.LossFunctions;
import org.vit4j.train.SoftTargets;

/** Plans equal ND4J's own session bit for bit, for all configs, changing batch sizes and changing parameters. */
class SameDiffPlanTest {
    private static final int[] BATCHES = {4, 7, 1, 4, 4};

    static Stream<String> configs() throws java.io.IOException {
        try (Stream<Path> files = Files.list(Path.of("configs"))) {
            return files.map(Path::toString).filter(name -> name.endsWith(".yaml")).sorted().toList().stream();
        }
    }

    private static int[] bits(INDArray array) {
        float[] values = array.dup('c').data().asFloat();
        return IntStream.range(0, values.length)
                .map(i -> Float.floatToRawIntBits(values[i]))
                .toArray();
    }

    private static SameDiffGraph lowered(ModelConfig model, Mode mode) {
        Graph graph = model.build();
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(5);
        changeParameters(parameters);
        return SameDiffLowering.lower(graph, parameters, mode);
    }

    /** Changes parameters and buffers in place, as a training step does. */
    private static void changeParameters(ParameterStore parameters) {
        INDArray trainable = parameters.trainable();
        trainable.addi(Nd4j.randn(DataType.FLOAT, trainable.length()).mul(0.05));
        INDArray buffers = parameters.buffers();
        buffers.addi(Nd4j.rand(DataType.FLOAT, buffers.length()).mul(0.1));
    }

    private static Map<String, INDArray> inputs(SameDiffGraph lowered, ModelConfig model, int batch) {
        Map<String, INDArray> inputs = new HashMap<>();
        var spec = model.image();
        inputs.put("image", Nd4j.randn(DataType.FLOAT, batch, spec.height(), spec.width(), spec.channels()));
        for (DropMask mask : lowered.masks()) {
            long[] shape =
                    lowered.sd().getVariable(mask.name()).placeholderShape().clone();
            if (shape[0] < 0) shape[0] = batch;
            inputs.put(mask.name(), Nd4j.rand(DataType.FLOAT, shape).gt(0.2).castTo(DataType.FLOAT));
        }
        return inputs;
    }

    @ParameterizedTest
    @MethodSource("configs")
    void inferenceEqualsInterpreterBitForBit(String config) {
        ModelConfig model = RunConfig.open(config, List.of()).model().config();
        SameDiffGraph lowered = lowered(model, Mode.INFERENCE);
        List<String> outputs = lowered.graph().outputs().keySet().stream()
                .map(name -> lowered.output(name).name())
                .distinct()
                .toList();
        try (CompiledGraph compiled = new CompiledGraph(lowered.sd(), outputs)) {
            for (int batch : BATCHES) {
                Map<String, INDArray> inputs = inputs(lowered, model, batch);
                Map<String, INDArray> expected = lowered.sd().output(inputs, outputs);
                for (int repeat = 0; repeat < 2; repeat++) {
                    Map<String, INDArray> found = compiled.run(inputs);
                    for (String output : outputs) {
                        assertThat(found.get(output).shape())
                                .isEqualTo(expected.get(output).shape());
                        assertThat(bits(found.get(output))).isEqualTo(bits(expected.get(output)));
                    }
                }
                changeParameters(lowered.parameters());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void gradientsEqualInterpreterBitForBit(String config) {
        ModelConfig model = RunConfig.open(config, List.of()).model().config();
        SameDiffGraph lowered = lowered(model, Mode.TRAINING);
        SameDiff sd = lowered.sd();
        SDVariable targets = sd.placeHolder("targets", DataType.FLOAT, -1, 10);
        SDVariable loss = null;
        for (String output : lowered.graph().outputs().keySet()) {
            SDVariable one = LossFunctions.crossEntropy(sd, lowered.output(output), targets);
            loss = loss == null ? one : loss.add(one);
        }
        try (SameDiffGradients gradients = new SameDiffGradients(lowered, loss, List.of(lowered.output("logits")))) {
            for (int batch : BATCHES) {
                Map<String, INDArray> inputs = inputs(lowered, model, batch);
                int[] labels = IntStream.range(0, batch).map(i -> i % 10).toArray();
                inputs.put("targets", SoftTargets.smoothed(labels, 10, 0.1));
                Map<String, INDArray> found = gradients.run(inputs);
                List<String> names = new ArrayList<>(found.keySet());
                Map<String, INDArray> expected = sd.getFunction("grad").output(inputs, names);
                for (String name : names)
                    assertThat(bits(found.get(name))).as(name).isEqualTo(bits(expected.get(name)));
                for (String weight : lowered.parameters().offsets().keySet()) {
                    if (gradients.gradientOf(weight) == null) continue;
                    int[] gradient = bits(expected.get(gradients.gradientName(weight)));
                    assertThat(bits(gradients.gradientOf(weight))).as(weight).isEqualTo(gradient);
                }
                gradients.flat().muli(0.5); // as clipping does
                changeParameters(lowered.parameters());
            }
        }
    }
}
