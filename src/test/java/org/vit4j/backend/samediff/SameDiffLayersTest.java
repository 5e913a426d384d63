package org.vit4j.backend.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;

/** Layers in double precision against values and derivatives computed by PyTorch in double precision. */
class SameDiffLayersTest {
    private static final double EXACT = 1e-6;

    private static JsonNode recipe(String name) throws IOException {
        try (InputStream in = SameDiffLayersTest.class.getResourceAsStream("/goldens/recipes/" + name + ".json")) {
            return new ObjectMapper().readTree(in);
        }
    }

    private static double[] numbers(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }

    @ParameterizedTest
    @EnumSource(names = {"GELU", "QUICK_GELU", "SILU", "HARD_SWISH"})
    void activationsAndTheirDerivativesEqualPyTorch(Activation function) throws IOException {
        JsonNode recipe = recipe("activations");
        String name = function == Activation.GELU ? "gelu_erf" : function.name().toLowerCase(Locale.ROOT);
        double[] x = numbers(recipe.path("x"));
        Graph g = new Graph(Init.PYTORCH);
        // Adds a learned table of zeros to the input: its gradient is the derivative.
        Tensor input = g.addParameter("table", g.input("x", x.length), Role.POSITION, Init.ZEROS);
        g.output("y", g.activate("y", input, function));
        ParameterStore parameters = new ParameterStore(g.parameters(), DataType.DOUBLE);
        SameDiffGraph lowered = SameDiffLowering.lower(g, parameters, Mode.TRAINING);
        var y = lowered.output("y");
        try (SameDiffGradients gradients = new SameDiffGradients(lowered, y.sum(), List.of(y))) {
            INDArray row = Nd4j.createFromArray(x).reshape(1, x.length);
            Map<String, INDArray> out = gradients.run(Map.of("x", row));
            assertThat(out.get(y.name()).dup('c').data().asDouble())
                    .containsExactly(numbers(recipe.path(name)), within(EXACT));
            double[] derivative = numbers(recipe.path(name + "_derivative"));
            assertThat(gradients.gradientOf("table").dup('c').data().asDouble())
                    .containsExactly(derivative, within(EXACT));
        }
    }

    @Test
    void layerNormEqualsPyTorch() throws IOException {
        JsonNode recipe = recipe("norms");
        JsonNode norm = recipe.path("layernorm_channels_last");
        JsonNode nchw = recipe.path("input");
        int channels = nchw.path(0).size();
        List<Double> nhwc = new ArrayList<>();
        for (JsonNode image : nchw) {
            for (int y = 0; y < image.path(0).size(); y++) {
                for (int x = 0; x < image.path(0).path(0).size(); x++) {
                    for (int c = 0; c < channels; c++)
                        nhwc.add(image.path(c).path(y).path(x).asDouble());
                }
            }
        }
        int rows = nhwc.size() / channels;
        Graph g = new Graph(Init.PYTORCH);
        g.output(
                "y",
                g.layerNorm(
                        "norm", g.input("x", rows, channels), norm.path("eps").asDouble()));
        ParameterStore parameters = new ParameterStore(g.parameters(), DataType.DOUBLE);
        parameters.array("norm.gamma").assign(Nd4j.createFromArray(numbers(norm.path("weight"))));
        parameters.array("norm.beta").assign(Nd4j.createFromArray(numbers(norm.path("bias"))));
        INDArray x = Nd4j.createFromArray(
                        nhwc.stream().mapToDouble(Double::doubleValue).toArray())
                .reshape(1, rows, channels);
        INDArray y = new SameDiffInference(g, parameters).tensor("norm", x);
        List<Double> expected = new ArrayList<>();
        flatten(norm.path("output_nhwc"), expected);
        assertThat(y.data().asDouble())
                .containsExactly(
                        expected.stream().mapToDouble(Double::doubleValue).toArray(), within(EXACT));
    }

    private static void flatten(JsonNode node, List<Double> into) {
        if (node.isArray()) node.forEach(child -> flatten(child, into));
        else into.add(node.asDouble());
    }

    @Test
    void layerNormOfConstantRowsIsFinite() {
        Graph g = new Graph(Init.PYTORCH);
        g.output("y", g.layerNorm("norm", g.input("x", 4, 32), 1e-6));
        ParameterStore parameters = new ParameterStore(g.parameters(), DataType.FLOAT);
        parameters.initialize(0);
        INDArray y = new SameDiffInference(g, parameters)
                .tensor("norm", Nd4j.valueArrayOf(new long[] {2, 4, 32}, 3f, DataType.FLOAT));
        assertThat(y.amaxNumber().doubleValue()).isLessThan(1e-2);
    }
}
