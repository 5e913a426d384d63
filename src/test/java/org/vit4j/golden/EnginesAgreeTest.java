package org.vit4j.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
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
import org.vit4j.backend.RequiresOneDnn;
import org.vit4j.backend.TestBackends;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Op;
import org.vit4j.graph.Tensor;

/**
 * Agreement with the SameDiff backend on all tensors and gradients of all golden graphs. The oneDNN backend makes a plan for
 * each tensor, because it fuses ops whose results are not requested.
 */
@RequiresOneDnn
class EnginesAgreeTest {
    private static final int BATCH = 3;

    static Stream<Arguments> cases() throws IOException {
        return GoldenTest.cases()
                .flatMap(name -> TestBackends.compared().stream().map(backend -> Arguments.of(name, backend)));
    }

    /** Graph with perturbed parameters, so that no branch is zero, and random inputs. */
    private record Sample(Graph graph, ParameterStore parameters, Map<String, INDArray> inputs) {
        static Sample of(String name) throws IOException {
            Graph graph = GoldenConfigs.build(
                            GoldenCase.read(GoldenTest.directory().resolve(name)))
                    .graph();
            ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
            parameters.initialize(3);
            Nd4j.getRandom().setSeed(3);
            parameters
                    .trainable()
                    .addi(Nd4j.randn(DataType.FLOAT, parameters.trainable().length())
                            .mul(0.05));
            Map<String, INDArray> inputs = new HashMap<>();
            for (Tensor t : graph.tensors()) {
                if (t.op() instanceof Op.Input) {
                    inputs.put(t.name(), Nd4j.randn(DataType.FLOAT, t.shape().batched(BATCH)));
                }
            }
            return new Sample(graph, parameters, inputs);
        }

        /** Gradient of the sum of all output elements times random factors. */
        GradientStep step(Backend engine, Mode mode) {
            Map<String, INDArray> probes = new HashMap<>();
            graph.outputs().values().forEach(t -> {
                Nd4j.getRandom().setSeed(t.name().hashCode());
                probes.put(t.name(), Nd4j.randn(DataType.FLOAT, t.shape().batched(BATCH)));
            });
            Function<LossInputs, SDVariable> loss = network -> {
                SDVariable sum = null;
                for (var probe : probes.entrySet()) {
                    SDVariable value = network.variable(probe.getKey());
                    SDVariable reshaped = network.sd()
                            .reshape(value, graph.tensor(probe.getKey()).shape().batched(-1));
                    SDVariable term = reshaped.mul(network.sd().constant(probe.getValue()))
                            .sum();
                    sum = sum == null ? term : sum.add(term);
                }
                return sum;
            };
            var spec = new GradientStep.GradientSpec(loss, List.of(), List.copyOf(inputs.keySet()));
            GradientStep step = engine.step(graph, parameters, mode, spec);
            Map<String, INDArray> all = new HashMap<>(inputs);
            for (DropMask mask : step.masks()) {
                Nd4j.getRandom().setSeed(mask.name().hashCode());
                all.put(
                        mask.name(),
                        Nd4j.rand(DataType.FLOAT, mask.shape().batched(BATCH))
                                .gt(0.3)
                                .castTo(DataType.FLOAT));
            }
            step.run(all);
            return step;
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void backendsAgreeOnTensors(String name, Backend backend) throws IOException {
        Sample sample = Sample.of(name);
        List<String> names = sample.graph.tensors().stream().map(Tensor::name).toList();
        List<String> mismatches = new ArrayList<>();
        try (Inference compared = backend.inference(sample.graph, sample.parameters);
                Inference sameDiff = Backend.SAMEDIFF.inference(sample.graph, sample.parameters)) {
            Map<String, INDArray> expected = sameDiff.tensors(names, sample.inputs);
            for (String tensor : names) {
                INDArray found = compared.tensor(tensor, sample.inputs);
                double error = Compare.largest(found, expected.get(tensor));
                found.close();
                if (!(error < 2e-5)) mismatches.add(sample.graph.tensor(tensor) + ": " + error);
            }
        }
        assertThat(mismatches).isEmpty();
    }

    /** The first run packs the kernels; later runs and other batch sizes use the packed kernels. */
    @ParameterizedTest
    @MethodSource("cases")
    void backendsAgreeWithFixedParameters(String name, Backend backend) throws IOException {
        Sample sample = Sample.of(name);
        List<String> outputs =
                sample.graph.outputs().values().stream().map(Tensor::name).toList();
        Map<String, INDArray> others = new HashMap<>();
        sample.inputs.forEach((input, array) -> others.put(
                input, array.get(NDArrayIndex.interval(0, 1)).mul(-0.7).dup('c')));
        try (Inference fixed = backend.fixedInference(sample.graph, sample.parameters);
                Inference sameDiff = Backend.SAMEDIFF.fixedInference(sample.graph, sample.parameters)) {
            Map<String, INDArray> first = fixed.tensors(outputs, sample.inputs);
            for (Map<String, INDArray> inputs : List.of(sample.inputs, others)) {
                Map<String, INDArray> expected = sameDiff.tensors(outputs, inputs);
                fixed.tensors(outputs, inputs)
                        .forEach((output, array) -> assertThat(Compare.largest(array, expected.get(output)))
                                .as(output)
                                .isLessThan(2e-5));
            }
            fixed.tensors(outputs, sample.inputs)
                    .forEach((output, array) -> assertThat(array.data().asFloat())
                            .as(output)
                            .isEqualTo(first.get(output).data().asFloat()));
        }
    }

    static Stream<Arguments> casesAndModes() throws IOException {
        return cases().map(Arguments::get)
                .flatMap(one ->
                        Stream.of(Mode.TRAINING, Mode.FINE_TUNING).map(mode -> Arguments.of(one[0], one[1], mode)));
    }

    /**
     * Limit of 1e-4 in relative L2 error; small gradients, which may be only rounding, relative to the largest gradient.
     */
    @ParameterizedTest
    @MethodSource("casesAndModes")
    void backendsAgreeOnGradients(String name, Backend backend, Mode mode) throws IOException {
        Sample sample = Sample.of(name);
        List<String> mismatches = new ArrayList<>();
        try (GradientStep compared = sample.step(backend, mode);
                GradientStep sameDiff = sample.step(Backend.SAMEDIFF, mode)) {
            Map<String, INDArray[]> pairs = new LinkedHashMap<>();
            for (String weight : sample.parameters.offsets().keySet()) {
                pairs.put(weight, new INDArray[] {compared.gradientOf(weight), sameDiff.gradientOf(weight)});
            }
            for (String input : sample.inputs.keySet()) {
                pairs.put(input, new INDArray[] {compared.gradientOfTensor(input), sameDiff.gradientOfTensor(input)});
            }
            double largest = pairs.values().stream()
                    .mapToDouble(pair -> norm(pair[1]))
                    .max()
                    .orElseThrow();
            pairs.forEach((what, pair) -> {
                // A bias before a batch norm has a zero gradient, so only rounding errors remain.
                double floor = what.endsWith("reatten_matrix.bias") ? largest : 1e-1 * largest;
                double error = norm(pair[0].sub(pair[1])) / Math.max(norm(pair[1]), floor);
                if (!(error < 1e-4)) mismatches.add(what + ": " + error);
            });
        }
        assertThat(mismatches).isEmpty();
    }

    private static double norm(INDArray array) {
        return array.dup('c').norm2Number().doubleValue();
    }
}
