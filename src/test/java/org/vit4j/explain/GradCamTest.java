package org.vit4j.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.backend.Backend;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffInference;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;
import org.vit4j.graph.analysis.SpatialMap;
import org.vit4j.graph.analysis.TokenGrid;

/**
 * Checks Grad-CAM gradients against finite differences. A learned table of zeros is added to each tested layer, so that
 * changing a table entry changes the activation by the same amount.
 */
class GradCamTest {
    private static final double DELTA = 1e-5;

    private final Graph graph = network();
    private final ParameterStore doubles = parameters(DataType.DOUBLE);

    /**
     * Builds an image [4, 4, 3] and tokens [1 + 4, 6] with a table each, with dropout and batch norm in the network.
     */
    private static Graph network() {
        Graph g = new Graph(Init.TIMM);
        Tensor x = g.input("image", 8, 8, 1);
        x = g.conv2d("stem", x, 3, Window.square(2, 2, 0), 1, true); // [4, 4, 3]
        x = g.addParameter("map", g.batchNorm("bn", x, 1e-5), Role.POSITION, Init.ZEROS);
        x = g.conv2d("patches", g.activate("act", x, Activation.GELU), 6, Window.square(2, 2, 0), 1, true); // [2, 2, 6]
        x = g.reshape("flat", x, 4, 6);
        x = g.concat("tokens", 0, g.learnedTokens("cls", x, 1, new Init.NormalInit(1)), x); // [5, 6]
        x = g.dropout("drop", g.addParameter("table", x, Role.POSITION, Init.ZEROS), 0.5);
        Tensor qkv = g.dense("qkv", g.layerNorm("norm", x, 1e-6), 18);
        Tensor scores = g.scores("scores", g.splitHeads("q", qkv, 2, 0, 3), g.splitHeads("k", qkv, 2, 1, 3), 0.6);
        Tensor context = g.weightedSum("context", g.softmax("probs", scores), g.splitHeads("v", qkv, 2, 2, 3));
        x = g.add("add", x, g.dropPath("path", g.mergeHeads("merged", context), 0.3));
        g.output("logits", g.dense("head", g.reshape("features", g.slice("first", x, 0, 0, 1), 6), 3));
        return g;
    }

    private ParameterStore parameters(DataType type) {
        ParameterStore parameters = new ParameterStore(graph.parameters(), type);
        parameters.initialize(4);
        Nd4j.getRandom().setSeed(9);
        INDArray noise =
                Nd4j.randn(DataType.DOUBLE, parameters.trainable().length()).mul(0.4);
        parameters.trainable().addi(noise.castTo(type));
        parameters.array("map").assign(0);
        parameters.array("table").assign(0);
        return parameters;
    }

    private static INDArray images(int count) {
        Nd4j.getRandom().setSeed(2);
        return Nd4j.rand(DataType.DOUBLE, count, 8, 8, 1);
    }

    /** Computes the derivative of a logit with respect to every activation by central differences. */
    private double[] finiteDifferences(String table, INDArray image, int classIndex) {
        INDArray parameter = doubles.array(table);
        double[] gradient = new double[(int) parameter.length()];
        try (var inference = new SameDiffInference(graph, doubles)) {
            for (int i = 0; i < gradient.length; i++) {
                parameter.putScalar(i, DELTA);
                double up = inference.logits(image).getDouble(0, classIndex);
                parameter.putScalar(i, -DELTA);
                double down = inference.logits(image).getDouble(0, classIndex);
                parameter.putScalar(i, 0);
                gradient[i] = (up - down) / (2 * DELTA);
            }
        }
        return gradient;
    }

    private void compare(String table, ActivationGradients activations, INDArray image, double tolerance) {
        String layer = table + ".added";
        TokenGrid grid = SpatialMap.of(graph).get(layer).spatial().orElseThrow();
        double[] expected = finiteDifferences(table, image.castTo(DataType.DOUBLE), 1);
        ActivationGradients.ActivationGradient actual = activations.gradient(layer, image, new int[] {1});
        assertThat(actual.gradient().data().asDouble()).containsExactly(expected, within(tolerance));
        INDArray expectedArray =
                Nd4j.createFromArray(expected).reshape(actual.gradient().shape());
        double[] map = GradCam.map(actual.value(), expectedArray.castTo(DataType.FLOAT), 0, grid);
        assertThat(GradCam.map(actual.value(), actual.gradient(), 0, grid))
                .containsExactly(map, within(10 * tolerance));
    }

    @Test
    void gradientsMatchFiniteDifferencesOnSameDiff() {
        try (ActivationGradients activations = new ActivationGradients(graph, doubles, Backend.SAMEDIFF)) {
            compare("map", activations, images(1), 1e-8);
            compare("table", activations, images(1), 1e-8);
        }
    }

    @Test
    void gradientsMatchFiniteDifferencesOnTheDefaultBackend() {
        try (ActivationGradients activations =
                new ActivationGradients(graph, parameters(DataType.FLOAT), Backend.AUTO)) {
            compare("map", activations, images(1).castTo(DataType.FLOAT), 1e-5);
            compare("table", activations, images(1).castTo(DataType.FLOAT), 1e-5);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "samediff"})
    void gradientsOfAnImageDoNotDependOnTheBatch(Backend backend) {
        INDArray images = images(3).castTo(DataType.FLOAT);
        try (ActivationGradients activations = new ActivationGradients(graph, parameters(DataType.FLOAT), backend)) {
            for (String layer : new String[] {"map.added", "table.added", "image"}) {
                INDArray batchGradient =
                        activations.gradient(layer, images, new int[] {2, 0, 1}).gradient();
                int[] classes = {2, 0, 1};
                for (int i = 0; i < 3; i++) {
                    INDArray one = images.get(NDArrayIndex.interval(i, i + 1)).dup('c');
                    double[] alone = activations
                            .gradient(layer, one, new int[] {classes[i]})
                            .gradient()
                            .data()
                            .asDouble();
                    double[] inBatch = batchGradient
                            .get(NDArrayIndex.interval(i, i + 1))
                            .dup('c')
                            .data()
                            .asDouble();
                    assertThat(alone).containsExactly(inBatch, within(1e-6));
                }
            }
        }
    }
}
