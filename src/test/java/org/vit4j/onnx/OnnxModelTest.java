package org.vit4j.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import onnx.OnnxMl;
import onnx.OnnxMl.NodeProto;
import onnx.OnnxMl.TensorProto;
import onnx.OnnxMl.ValueInfoProto;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffInference;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;
import org.vit4j.models.Models;
import org.vit4j.run.RunConfig;

/** File contents, and operations that the golden tests do not cover. */
class OnnxModelTest {
    /** Standard operators of ONNX 1.12. */
    private static final Set<String> STANDARD = Set.of(
            "Add",
            "AveragePool",
            "BatchNormalization",
            "Cast",
            "Concat",
            "Conv",
            "Div",
            "Erf",
            "Exp",
            "Expand",
            "Gather",
            "HardSwish",
            "Identity",
            "InstanceNormalization",
            "LayerNormalization",
            "MatMul",
            "MaxPool",
            "Mul",
            "Pad",
            "ReduceMean",
            "ReduceSum",
            "Relu",
            "Reshape",
            "Shape",
            "Sigmoid",
            "Slice",
            "Softmax",
            "Split",
            "Sqrt",
            "Sub",
            "Transpose",
            "Unsqueeze");

    @TempDir
    Path directory;

    private final Graph graph = new Graph(Init.PYTORCH);

    static List<String> configs() {
        return Models.builtIn().names().stream()
                .filter(arch -> !arch.equals("resnet"))
                .map(arch -> "digits-" + arch)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("configs")
    void namesAreUniqueAndOperatorsAreStandard(String config) throws IOException {
        Graph network = RunConfig.open(config, List.of()).model().graph();
        OnnxMl.ModelProto model = read(write(network, PixelInput.normalized()));

        assertThat(model.getIrVersion()).isEqualTo(8);
        assertThat(model.getOpsetImportList()).hasSize(1);
        assertThat(model.getOpsetImport(0).getDomain()).isEmpty();
        assertThat(model.getOpsetImport(0).getVersion()).isEqualTo(17);
        List<String> values = new ArrayList<>();
        for (ValueInfoProto input : model.getGraph().getInputList()) values.add(input.getName());
        for (TensorProto constant : model.getGraph().getInitializerList()) values.add(constant.getName());
        for (NodeProto node : model.getGraph().getNodeList()) {
            assertThat(node.getDomain()).isEmpty();
            assertThat(STANDARD).contains(node.getOpType());
            assertThat(values).as(node.getName()).containsAll(node.getInputList()); // defined before use
            values.addAll(node.getOutputList());
        }
        assertThat(values).doesNotHaveDuplicates();
        assertThat(model.getGraph().getNodeList().stream().map(NodeProto::getName))
                .doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @MethodSource("configs")
    void tensorsAndParametersKeepTheirNames(String config) throws IOException {
        Graph network = RunConfig.open(config, List.of()).model().graph();
        OnnxMl.GraphProto written =
                read(write(network, PixelInput.normalized())).getGraph();

        Set<String> constants = new HashSet<>();
        written.getInitializerList().forEach(constant -> constants.add(constant.getName()));
        assertThat(constants)
                .containsAll(network.parameters().stream().map(Parameter::name).toList());
        Set<String> values = new HashSet<>();
        for (ValueInfoProto value : written.getValueInfoList()) {
            values.add(value.getName());
            long size = 1;
            var dims = value.getType().getTensorType().getShape().getDimList();
            assertThat(dims.get(0).getDimParam()).isEqualTo("batch");
            for (var dim : dims.subList(1, dims.size())) size *= dim.getDimValue();
            assertThat(size)
                    .as(value.getName())
                    .isEqualTo(network.tensor(value.getName()).shape().size());
        }
        for (Tensor tensor : needed(network)) {
            String kind = tensor.op().getClass().getSimpleName();
            if (!kind.startsWith("Drop") && !kind.equals("Input"))
                assertThat(values).contains(tensor.name());
        }
        assertThat(written.getInputList()).hasSize(1);
        assertThat(written.getInput(0).getName()).isEqualTo("images");
        assertThat(written.getOutputList()).hasSize(1);
        assertThat(written.getOutput(0).getName()).isEqualTo("logits");
    }

    /** Tensors that the logits depend on; some graphs contain an unused view. */
    private static Set<Tensor> needed(Graph network) {
        Set<Tensor> needed = new HashSet<>();
        Deque<Tensor> open = new ArrayDeque<>(List.of(network.outputs().get("logits")));
        while (!open.isEmpty()) {
            Tensor tensor = open.pop();
            if (needed.add(tensor)) open.addAll(tensor.inputs());
        }
        return needed;
    }

    @Test
    void equalModelsGiveEqualFiles() throws IOException {
        Graph network = RunConfig.open("digits-vit", List.of()).model().graph();
        byte[] first = Files.readAllBytes(write(network, PixelInput.normalized()));
        assertThat(Files.readAllBytes(write(network, PixelInput.normalized()))).isEqualTo(first);
    }

    @Test
    void pixelsAreNormalizedInTheModel() throws Exception {
        Tensor image = graph.input("image", 2, 2, 3);
        graph.output("logits", graph.reshape("flat", image, 12));
        PixelInput.PixelInputKind[] kinds = {PixelInput.PixelInputKind.FLOAT, PixelInput.PixelInputKind.UINT8};
        for (PixelInput.PixelInputKind kind : kinds) {
            Path file = write(graph, new PixelInput(kind, List.of(0.5, 0.25, 0.0), List.of(0.5, 0.2, 0.1)));
            byte[] pixels = new byte[12];
            for (int i = 0; i < 12; i++) pixels[i] = (byte) (i * 21 + 17);
            float[] given = new float[12];
            float[] expected = new float[12];
            for (int i = 0; i < 12; i++) given[i] = pixels[i] & 0xff;
            float[] mean = {0.5f, 0.25f, 0}, std = {0.5f, 0.2f, 0.1f};
            for (int i = 0; i < 12; i++) expected[i] = (given[i] / 255f - mean[i % 3]) / std[i % 3];
            OrtEnvironment environment = OrtEnvironment.getEnvironment();
            long[] shape = {1, 2, 2, 3};
            try (OnnxRun runtime = OnnxRun.open(file);
                    OnnxTensor images = kind == PixelInput.PixelInputKind.FLOAT
                            ? OnnxTensor.createTensor(environment, FloatBuffer.wrap(given), shape)
                            : OnnxTensor.createTensor(
                                    environment, ByteBuffer.wrap(pixels), shape, ai.onnxruntime.OnnxJavaType.UINT8);
                    OrtSession.Result result = runtime.session().run(Map.of("images", images))) {
                float[][] logits = (float[][]) result.get(0).getValue();
                assertThat(logits[0]).isEqualTo(expected);
            }
        }
    }

    @Test
    void weightsAboveTheLimitAreStoredInADataFile() throws Exception {
        Graph network = RunConfig.open("digits-cvt", List.of()).model().graph();
        ParameterStore parameters = randomParameters(network);
        OnnxModel model = OnnxModel.of(network, "cvt", PixelInput.normalized());
        Path file = directory.resolve("large.onnx");
        model.write(file, parameters::values, Map.of(), 100_000);

        OnnxMl.ModelProto written = read(file);
        assertThat(Files.size(file)).isLessThan(200_000);
        assertThat(written.getGraph().getInitializerList())
                .anyMatch(tensor -> tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL)
                .allMatch(tensor -> tensor.getExternalDataList().stream()
                        .filter(entry -> entry.getKey().equals("location"))
                        .allMatch(entry -> entry.getValue().equals("large.onnx.data")));
        assertMatchesSameDiff(file, network, parameters, 1e-5);
    }

    @Test
    void modelsAboveTwoGigabytesHaveADataFile() {
        Tensor image = graph.input("image", 1, 1, 3);
        Tensor x = graph.dense("wide", graph.reshape("flat", image, 3), 20_000, false);
        graph.output("logits", graph.dense("head", x, 30_000, false)); // 2.4 GB
        Path file = directory.resolve("huge.onnx");
        OnnxModel huge = OnnxModel.of(graph, "huge", PixelInput.normalized());
        assertThat(huge.externalDataFile(file)).contains(directory.resolve("huge.onnx.data"));
        Graph small = RunConfig.open("digits-vit", List.of()).model().graph();
        assertThat(OnnxModel.of(small, "small", PixelInput.normalized()).externalDataFile(file))
                .isEmpty();
    }

    @Test
    void batchNormOnAnyAxisAndPoolingBeyondTheEdgeMatchSameDiff() throws Exception {
        Tensor image = graph.input("image", 9, 8, 3);
        Tensor x = graph.avgPool("ceiled", image, Window.square(3, 2, 1), true); // [5, 5, 3]
        x = graph.batchNorm("middle", x, 1, 1e-5, Init.ONES);
        x = graph.maxPool("wide", x, new Window(3, 1, 1, 1, 1, 0, 1));
        x = graph.pad("padded", x, 1, 0, 0, 2); // [6, 7, 3]
        x = graph.groupNorm("groups", graph.conv2d("conv", x, 8, new Window(3, 2, 2, 1, 1, 1, 2), 1, true), 4, 1e-5);
        x = graph.standardizedConv2d("standard", x, 6, Window.square(2, 1, 0), 1e-6);
        x = graph.channelNorm("channels", x, 1e-5);
        x = graph.unfold("cut", graph.resize("resized", x, 5, 4), new Window(2, 3, 1, 1, 1, 0, 1));
        graph.output("logits", graph.mean("mean", graph.batchNorm("rows", x, 1e-5), 0));
        ParameterStore parameters = randomParameters(graph);
        Path file = directory.resolve("ops.onnx");
        OnnxModel.of(graph, "ops", PixelInput.normalized()).write(file, parameters::values, Map.of());
        assertMatchesSameDiff(file, graph, parameters, 1e-5);
    }

    /** Convolutions have channels first, so that the axes of what remains could be exchanged. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void meansOverAnyAxisOfAnImageMatchSameDiff(int axis) throws Exception {
        Tensor image = graph.conv2d("conv", graph.input("image", 16, 16, 3), 4, Window.square(4, 4, 0), 1, true);
        graph.output("logits", graph.dense("head", graph.mean("second", graph.mean("first", image, axis), 0), 3));
        ParameterStore parameters = randomParameters(graph);
        Path file = directory.resolve("means.onnx");
        OnnxModel.of(graph, "means", PixelInput.normalized()).write(file, parameters::values, Map.of());
        assertMatchesSameDiff(file, graph, parameters, 1e-5);
    }

    @Test
    void graphsWithoutLogitsAreRejected() {
        graph.input("image", 2, 2, 3);
        assertThatThrownBy(() -> OnnxModel.of(graph, "none", PixelInput.normalized()))
                .hasMessage("the graph has no output 'logits'");
    }

    private Path write(Graph network, PixelInput pixels) {
        ParameterStore parameters = randomParameters(network);
        Path file = directory.resolve("model.onnx");
        OnnxModel.of(network, "model", pixels).write(file, parameters::values, Map.of("class_names", "[]"));
        return file;
    }

    private static void assertMatchesSameDiff(Path file, Graph network, ParameterStore parameters, double limit)
            throws Exception {
        Nd4j.getRandom().setSeed(7);
        INDArray images =
                Nd4j.randn(DataType.FLOAT, network.tensor("image").shape().batched(3));
        try (OnnxRun runtime = OnnxRun.open(file);
                Inference sameDiff = new SameDiffInference(network, parameters)) {
            INDArray actual = runtime.run(
                            Map.of("images", images.permute(0, 3, 1, 2).dup('c')))
                    .get("logits");
            INDArray expected = sameDiff.logits(images);
            double largest = expected.amaxNumber().doubleValue();
            assertThat(actual.sub(expected).amaxNumber().doubleValue() / largest)
                    .isLessThan(limit);
        }
    }

    /** Random parameters: no trivial values, positive variances. */
    private static ParameterStore randomParameters(Graph network) {
        ParameterStore parameters = new ParameterStore(network.parameters(), DataType.FLOAT);
        SplittableRandom random = new SplittableRandom(5);
        for (Parameter weight : network.parameters()) {
            float[] values = new float[(int) weight.size()];
            boolean variance = weight.name().endsWith(".variance");
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (variance ? random.nextDouble(0.5, 2) : random.nextDouble(-0.3, 0.3));
            }
            parameters.set(weight.name(), values);
        }
        return parameters;
    }

    private static OnnxMl.ModelProto read(Path file) throws IOException {
        return OnnxMl.ModelProto.parseFrom(Files.readAllBytes(file));
    }
}
