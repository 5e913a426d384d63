package org.vit4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.ViewIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.vit4j.backend.Backend;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Mode;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.model.RandomModel;
import org.vit4j.model.SavedModel;
import org.vit4j.models.Model;
import org.vit4j.models.Models;
import org.vit4j.run.RunConfig;
import org.vit4j.train.LossFunctions;

/** Networks of vit4j as vertices of DL4J's ComputationGraph. */
class Dl4jVertexTest {
    private static final double TOLERANCE = 1e-5;
    private static final int SIDE = 16;
    private static final List<String> SMALL =
            List.of("model.image.size=" + SIDE, "model.depth=2", "model.dim=8", "model.heads=2", "model.head_dim=4");

    @TempDir
    Path directory;

    private final INDArray images = Nd4j.rand(DataType.FLOAT, 4, 1, SIDE, SIDE);

    private static Model small() {
        return Models.builtIn().open("digits-vit", SMALL);
    }

    private SavedModel saved() {
        RunConfig config = RunConfig.open("digits-vit", SMALL);
        Path file = directory.resolve("model.keras");
        RandomModel.write(file, "digits", config, RandomModel.digits(), 5);
        return SavedModel.load(file);
    }

    private static NeuralNetConfiguration.Builder settings() {
        return new NeuralNetConfiguration.Builder().seed(1).updater(new Adam(1e-2));
    }

    /** A graph whose output is the vertex, for its value. */
    private static ComputationGraph alone(NetworkVertex vertex) {
        return graph(vertex, SIDE, loss());
    }

    private static ComputationGraph graph(NetworkVertex vertex, int side, LossLayer loss) {
        ComputationGraph graph = new ComputationGraph(settings()
                .graphBuilder()
                .addInputs("images")
                .setInputTypes(InputType.convolutional(side, side, 1))
                .addVertex("body", vertex, "images")
                .addLayer("out", loss, "body")
                .setOutputs("out")
                .build());
        graph.init();
        return graph;
    }

    private static LossLayer loss() {
        return new LossLayer.Builder(LossFunction.MSE)
                .activation(Activation.IDENTITY)
                .build();
    }

    private static ComputationGraphConfiguration classifier(NetworkVertex body, int side, int classes) {
        return settings()
                .graphBuilder()
                .addInputs("images")
                .setInputTypes(InputType.convolutional(side, side, 1))
                .addVertex("body", body, "images")
                .addLayer(
                        "out",
                        new OutputLayer.Builder(LossFunction.MCXENT)
                                .activation(Activation.SOFTMAX)
                                .nOut(classes)
                                .build(),
                        "body")
                .setOutputs("out")
                .build();
    }

    /** A copy of all parameters, by name. */
    private static Map<String, INDArray> parameters(ComputationGraph graph) {
        Map<String, INDArray> all = new HashMap<>();
        graph.paramTable().forEach((name, array) -> all.put(name, array.dup()));
        return all;
    }

    private DataSet data() {
        INDArray labels = Nd4j.zeros(DataType.FLOAT, 4, 3);
        for (int i = 0; i < 4; i++) labels.putScalar(i, i % 3, 1);
        return new DataSet(images, labels);
    }

    @ParameterizedTest
    @CsvSource({"norm", "logits", "cls_flat"})
    void vertexComputesTheFeaturesOfTheSavedModel(String tensor) {
        try (SavedModel saved = saved()) {
            INDArray expected = tensor.equals("logits") ? saved.logits(images) : saved.tensor(tensor, images);
            INDArray actual = alone(NetworkVertex.of(saved, tensor)).outputSingle(images);
            assertThat(actual.equalsWithEps(expected, TOLERANCE)).isTrue();
        }
    }

    @Test
    void tokensAreASequenceInTheLayoutOfDl4j() {
        try (SavedModel saved = saved()) {
            ComputationGraph graph = new ComputationGraph(settings()
                    .graphBuilder()
                    .addInputs("images")
                    .setInputTypes(InputType.convolutional(SIDE, SIDE, 1))
                    .addVertex("body", NetworkVertex.of(saved, "blocks.1.add2"), "images") // [N, D, T]
                    .addLayer("pool", new GlobalPoolingLayer(), "body") // maximum over tokens
                    .addLayer("out", loss(), "pool")
                    .setOutputs("out")
                    .build());
            graph.init();
            INDArray expected = saved.tensor("blocks.1.add2", images).max(1);
            assertThat(graph.outputSingle(images).equalsWithEps(expected, TOLERANCE))
                    .isTrue();
        }
    }

    @Test
    void gradientsEqualThoseOfVit4j() {
        INDArray labels = Nd4j.eye(10).castTo(DataType.FLOAT).getRows(0, 3, 3, 9);
        try (SavedModel saved = saved();
                GradientStep step = Backend.SAMEDIFF.step(
                        saved.graph(), saved.parameters(), Mode.INFERENCE, crossEntropy(labels))) {
            step.run(Map.of("image", images.permute(0, 2, 3, 1).dup('c')));
            ComputationGraph graph = graph(NetworkVertex.of(saved, "logits"), SIDE, crossEntropyLayer());
            graph.setInputs(images);
            graph.setLabels(labels);
            graph.computeGradientAndScore();
            assertThat(graph.score()).isCloseTo(step.loss(), within(TOLERANCE));
            Map<String, INDArray> gradients = graph.gradient().gradientForVariable();
            for (Parameter parameter : saved.graph().parameters()) {
                INDArray sum = gradients.get("body_" + NetworkBody.dl4jName(parameter)); // not yet divided by N
                assertThat(sum.div(images.size(0)).equalsWithEps(step.gradientOf(parameter.name()), TOLERANCE))
                        .as(parameter.name())
                        .isTrue();
            }
        }
    }

    private static GradientStep.GradientSpec crossEntropy(INDArray labels) {
        return new GradientStep.GradientSpec(
                network -> LossFunctions.crossEntropy(
                        network.sd(), network.output("logits"), network.sd().constant(labels)),
                List.of());
    }

    private static LossLayer crossEntropyLayer() {
        return new LossLayer.Builder(LossFunction.MCXENT)
                .activation(Activation.SOFTMAX)
                .build();
    }

    @Test
    void fitReducesTheLossAndTrainsEveryParameterOfTheBody() {
        ComputationGraph graph = new ComputationGraph(classifier(NetworkVertex.of(small(), "norm", 7), SIDE, 3));
        graph.init();
        Map<String, INDArray> before = parameters(graph);
        graph.fit(data());
        double first = graph.score();
        graph.fit(new ViewIterator(data(), 2), 40);
        assertThat(graph.score(data())).isLessThan(0.2 * first);
        graph.paramTable().forEach((name, array) -> {
            assertThat(array.equalsWithEps(before.get(name), 1e-6)).as(name).isFalse();
        });
        assertThat(graph.evaluate(new ViewIterator(data(), 2)).accuracy()).isEqualTo(1);
    }

    @Test
    void restoredGraphHasEqualOutputsAndContinuesTraining() throws IOException {
        ComputationGraph graph = new ComputationGraph(classifier(NetworkVertex.of(small(), "norm", 7), SIDE, 3));
        graph.init();
        graph.fit(data());
        File file = directory.resolve("graph.zip").toFile();
        ModelSerializer.writeModel(graph, file, true);
        ComputationGraph restored = ModelSerializer.restoreComputationGraph(file);
        assertThat(restored.outputSingle(images)).isEqualTo(graph.outputSingle(images));
        graph.fit(data());
        restored.fit(data());
        assertThat(restored.params()).isEqualTo(graph.params());
    }

    @Test
    void clonedGraphHasTheParametersOfTheOriginal() {
        ComputationGraph graph = new ComputationGraph(classifier(NetworkVertex.of(small(), "norm", 7), SIDE, 3));
        graph.init();
        assertThat(graph.clone().outputSingle(images)).isEqualTo(graph.outputSingle(images));
        GraphVertex vertex = graph.getConfiguration().getVertices().get("body");
        assertThat(vertex.clone()).isEqualTo(vertex).hasSameHashCodeAs(vertex);
    }

    @Test
    void runningStatisticsOfBatchNormsStayConstant() {
        Model levit = Models.builtIn().open("digits-levit", List.of());
        int side = levit.image().height();
        ComputationGraph graph = new ComputationGraph(classifier(NetworkVertex.of(levit, "logits", 3), side, 10));
        graph.init();
        INDArray batch = Nd4j.rand(DataType.FLOAT, 2, 1, side, side);
        Map<String, INDArray> before = parameters(graph);
        graph.fit(new DataSet(batch, Nd4j.eye(10).castTo(DataType.FLOAT).getRows(1, 4)));
        Map<String, INDArray> after = parameters(graph);
        assertThat(after.get("body_head.linear.kernel")).isNotEqualTo(before.get("body_head.linear.kernel"));
        List<Parameter> statistics = levit.graph().parameters().stream()
                .filter(parameter -> parameter.role() == Role.RUNNING_STAT)
                .toList();
        assertThat(statistics).isNotEmpty().allSatisfy(parameter -> {
            String name = "body_" + NetworkBody.dl4jName(parameter);
            assertThat(after.get(name)).isEqualTo(before.get(name));
        });
    }

    @Test
    void unknownTensorsAndTensorsOfOtherRanksAreRejected() {
        assertThatThrownBy(() -> NetworkVertex.of(small(), "nrom", 0)).hasMessageContaining("nrom");
        assertThatThrownBy(() -> NetworkVertex.of(small(), "blocks.0.attn.probs", 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("blocks.0.attn.probs: expected a tensor of shape [D] or [T, D]");
    }

    @Test
    void imagesOfAnotherSizeAreRejected() {
        ComputationGraph graph = alone(NetworkVertex.of(small(), "norm", 0));
        assertThatThrownBy(() -> graph.outputSingle(Nd4j.zeros(DataType.FLOAT, 2, 1, 8, 8)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected images [N, 1, 16, 16], got [2, 1, 8, 8]");
    }
}
