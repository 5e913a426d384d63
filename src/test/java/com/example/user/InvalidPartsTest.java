package com.example.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Backend;
import org.vit4j.backend.Inference;
import org.vit4j.backend.samediff.SameDiffInference;
import org.vit4j.checkpoint.Checkpoints;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchSource;
import org.vit4j.data.Dl4jData;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.image.Image;
import org.vit4j.data.transforms.Interpolation;
import org.vit4j.explain.Explainer;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.metrics.Evaluator;
import org.vit4j.model.Network;
import org.vit4j.model.SavedModel;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.Model;
import org.vit4j.models.ModelConfig;
import org.vit4j.train.Trainer;

/** Mistakes in the parts that a program outside of vit4j provides are reported with what, where and what is expected. */
class InvalidPartsTest {
    private static final Stripes STRIPES = new Stripes(16, 1);
    private static final Model MODEL = Model.of(new StripeNet(new ImageSpec(Stripes.SIDE, Stripes.SIDE, 3), 3, 16, 2));

    /** Stripes with other labels and classes, without the third image, or with several labels. */
    private record FaultyImages(int size, int firstLabel, List<String> classes, boolean complete, boolean severalLabels)
            implements Dataset {
        FaultyImages(int size, int firstLabel, List<String> classes, boolean complete) {
            this(size, firstLabel, classes, complete, false);
        }

        @Override
        public Optional<IntFunction<int[]>> labelLists() {
            return severalLabels ? Optional.of(index -> new int[] {0, 2}) : Optional.empty();
        }

        @Override
        public Image image(int index) {
            return complete || index != 2 ? STRIPES.image(index) : null;
        }

        @Override
        public int label(int index) {
            return index == 0 ? firstLabel : STRIPES.label(index);
        }

        @Override
        public String name(int index) {
            return "faulty/" + index;
        }
    }

    private static FaultyImages faulty(int firstLabel) {
        return new FaultyImages(16, firstLabel, STRIPES.classes(), true);
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> assertFailure(Dataset train, Dataset validation) {
        try (Network net = Network.create(MODEL, 1)) {
            return assertThatThrownBy(() -> Trainer.of(net).batch(8).fit(train, validation, 1));
        }
    }

    @Test
    void labelsOutsideOfTheClassesAreRejected() {
        String expected = "faulty/0: label 3, expected 0 to 2, an index of the classes";
        assertFailure(faulty(3), STRIPES).hasMessage(expected);
        assertFailure(faulty(-1), STRIPES).hasMessageContaining("faulty/0: label -1");
        assertFailure(STRIPES, faulty(3)).hasStackTraceContaining(expected);
    }

    @Test
    void labelsOfOtherSourcesOutsideOfTheClassesAreRejected() {
        List<String> classes = STRIPES.classes();
        BatchSource good = new FixedBatches(4, 4, new int[] {0, 1, 2, 0});
        for (int label : new int[] {3, -1}) {
            BatchSource bad = new FixedBatches(4, 4, new int[] {0, 1, label, 0});
            String expected = "image 2: label " + label + ", expected 0 to 2, an index of the classes";
            try (Network net = Network.create(MODEL, 1)) {
                assertThatThrownBy(() -> Trainer.of(net).batch(4).fit(bad, good, classes, 1))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage(expected);
                assertThatThrownBy(() -> Trainer.of(net).batch(4).fit(good, bad, classes, 1))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage(expected);
            }
            Batch batch = bad.epoch(0, 0).next();
            assertThatThrownBy(() -> Dl4jData.oneHot(batch, 3)).hasMessage(expected);
        }
    }

    @Test
    void otherNumbersOfClassesAreRejected(@TempDir Path directory) {
        BatchSource batches = new FixedBatches(4, 4, new int[] {0, 1, 2, 0});
        List<String> two = List.of("a", "b");
        try (Network net = Network.create(MODEL, 1);
                Inference inference = Backend.AUTO.inference(net.graph(), net.parameters())) {
            assertThatThrownBy(() -> Trainer.of(net).loop(batches, batches, two, 1))
                    .hasMessage("2 classes, expected 3, the number of the network's logits");
            assertThatThrownBy(() -> Evaluator.evaluate(inference, batches, List.of("a", "b", "c", "d")))
                    .hasMessage("3 logits, expected 4, one for each class");
            Path file = directory.resolve("three.keras");
            net.save(file);
            assertThatThrownBy(() -> Network.load(file, pooled(Stripes.SIDE, 5)))
                    .isInstanceOf(ConfigError.class)
                    .hasMessage(file + ": holds a network with 3 classes, expected 5");
        }
    }

    @Test
    void ratesOfSchedulesThatAreNotFiniteAreRejected() {
        for (double rate : new double[] {-1e-3, Double.NaN, Double.POSITIVE_INFINITY}) {
            try (Network net = Network.create(MODEL, 1)) {
                assertThatThrownBy(() -> Trainer.of(net)
                                .batch(8)
                                .schedule((epoch, lr, history) -> rate)
                                .fit(STRIPES, STRIPES, 1))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("the schedule returned the rate " + rate
                                + " at epoch 0.00; expected at least 0 and finite");
            }
        }
    }

    @Test
    void invalidArgumentsOfAnExplainerAreConfigErrors() {
        try (Network net = Network.create(MODEL, 1)) {
            Image image = STRIPES.image(0);
            Explainer explainer = Explainer.of(net);
            explainer.gradCam(image);
            for (int k : new int[] {-1, 3})
                assertThatThrownBy(() -> explainer.saliency(image, OptionalInt.of(k)))
                        .isInstanceOf(ConfigError.class)
                        .hasMessage("class " + k + " out of range [0, 3)");
            assertThatThrownBy(() -> explainer.features(List.of(), "image")).isInstanceOf(ConfigError.class);
            String layer = explainer.gradCamLayer();
            explainer.close();
            assertThatThrownBy(() -> explainer.gradCam(image, layer, OptionalInt.of(0)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the explainer is closed");
        }
    }

    @Test
    void trainingOnSeveralLabelsGivesAModelOfSeveralLabels() {
        Dataset several = new FaultyImages(16, 0, STRIPES.classes(), true, true);
        try (Network net = Network.create(MODEL, 1)) {
            Trainer.of(net)
                    .batch(8)
                    .loss((sd, logits, targets, config) ->
                            logits.squaredDifference(targets).mean())
                    .fit(several, several, 1);
            assertThat(net.description().multiLabel()).isTrue();
            Trainer.of(net).batch(8).fit(STRIPES, STRIPES, 1);
            assertThat(net.description().multiLabel()).isFalse();
        }
    }

    @Test
    void otherClassesInTheValidationSetAreRejected() {
        Dataset pets = new FaultyImages(16, 0, List.of("cat", "dog", "hen"), true);
        assertFailure(STRIPES, pets)
                .hasMessage("training and validation must have the same classes (" + STRIPES.classes()
                        + " and [cat, dog, hen])");
    }

    @Test
    void missingImagesAreReportedByName() {
        Dataset incomplete = new FaultyImages(16, 0, STRIPES.classes(), false);
        assertFailure(incomplete, STRIPES)
                .hasStackTraceContaining("faulty/2: the dataset returned null instead of an image");
        Dataset empty = new FaultyImages(0, 0, STRIPES.classes(), true);
        assertFailure(STRIPES, empty).hasMessage("the dataset has no images");
        assertFailure(empty, STRIPES).hasMessage("the training set has no images");
    }

    /** A network whose graph is not what its config says. */
    private record FaultyNet(ImageSpec image, int classes, Supplier<Graph> graph) implements ModelConfig {
        @Override
        public String arch() {
            return "faulty";
        }

        @Override
        public Graph build() {
            return graph.get();
        }
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> assertRejected(
            ImageSpec image, int classes, Supplier<Graph> graph) {
        return assertThatThrownBy(() -> Network.create(Model.of(new FaultyNet(image, classes, graph)), 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void graphsThatDifferFromTheirConfigAreRejected() {
        ImageSpec image = MODEL.image();
        assertRejected(image, 3, () -> null).hasMessage("faulty: ModelConfig.build() returned null");
        assertRejected(image, 4, MODEL::graph)
                .hasMessage("faulty: the output 'logits' is [3], expected [4], the classes of the ModelConfig");
        assertRejected(new ImageSpec(8, 8, 3), 3, MODEL::graph)
                .hasMessage("faulty: the input is " + image.shape()
                        + ", expected [8, 8, 3], the image [H, W, C] of the ModelConfig");
    }

    @Test
    void filesForAnotherImageSizeAreRejected(@TempDir Path directory) {
        Path file = directory.resolve("small.keras");
        Model small = pooled(16);
        try (Network net = Network.create(small, 1)) {
            net.save(file);
        }
        Model large = pooled(32);
        assertThatThrownBy(() -> SavedModel.load(file, large))
                .isInstanceOf(ConfigError.class)
                .hasMessage(file
                        + ": model.json is for another network: its preprocessing makes images [H, W, C] of [16, 16, 3],"
                        + " the network reads [32, 32, 3]");
        assertThatThrownBy(() -> Network.load(file, large)).hasMessageContaining("for another network");
    }

    /** A network whose weights fit each image size. */
    private static Model pooled(int side) {
        return pooled(side, 3);
    }

    private static Model pooled(int side, int classes) {
        ImageSpec image = new ImageSpec(side, side, 3);
        return Model.of(new FaultyNet(image, classes, () -> {
            Graph graph = new Graph(Init.PYTORCH);
            Tensor pixels = graph.reshape("pixels", image.input(graph), side * side, 3);
            graph.output(Graph.LOGITS, graph.dense("head", graph.mean("pool", pixels, 0), classes));
            return graph;
        }));
    }

    @Test
    void lossesThatAreNoScalarsAreRejected() {
        try (Network net = Network.create(MODEL, 1)) {
            Trainer trainer = Trainer.of(net).batch(8);
            assertThatThrownBy(() -> trainer.loss((sd, logits, targets, config) -> logits.sub(targets))
                            .fit(STRIPES, STRIPES, 1))
                    .hasMessage("the loss has shape [8, 3], expected a scalar; reduce it with mean() or sum()");
            assertThatThrownBy(() -> trainer.loss((sd, logits, targets, config) ->
                                    logits.mul(targets).sum(1))
                            .fit(STRIPES, STRIPES, 1))
                    .hasMessage("the loss has shape [8], expected a scalar; reduce it with mean() or sum()");
            assertThatThrownBy(() ->
                            trainer.loss((sd, logits, targets, config) -> null).fit(STRIPES, STRIPES, 1))
                    .hasMessage("the loss is null; return the variable to minimize");
            assertThatThrownBy(() -> trainer.loss((sd, logits, targets, config) ->
                                    SameDiff.create().constant("other", 1f))
                            .fit(STRIPES, STRIPES, 1))
                    .hasMessage("the loss other belongs to another SameDiff graph; use that of the network's outputs");
            assertThatThrownBy(() -> trainer.loss((sd, logits, targets, config) ->
                                    sd.sum("best", sd.argmax(logits, 1).castTo(DataType.FLOAT)))
                            .fit(STRIPES, STRIPES, 1))
                    .hasMessage("the loss best has no gradient: it depends on no output of the network by"
                            + " floating-point operations");
        }
    }

    @Test
    void weightsThatAreNotFiniteAreRejectedAndTheNetworkIsUnchanged(@TempDir Path directory) {
        Path file = directory.resolve("diverged.keras");
        try (Network diverged = Network.create(MODEL, 1);
                Network net = Network.create(MODEL, 2)) {
            String last = MODEL.graph().parameters().stream()
                    .reduce((first, second) -> second)
                    .orElseThrow()
                    .name();
            diverged.parameters().array(last).putScalar(0, Double.NaN);
            diverged.save(file);
            float[] before = net.parameters().trainable().toFloatVector();
            assertThatThrownBy(() -> net.load(Checkpoints.open(file)))
                    .isInstanceOf(ConfigError.class)
                    .hasMessage(file + ": " + last + " contains NaN, expected finite numbers");
            assertThat(net.parameters().trainable().toFloatVector()).isEqualTo(before);
        }
    }

    @Test
    void preprocessingOfAnotherSizeIsRejected() {
        try (Network net = Network.create(MODEL, 1)) {
            Preprocessing small = new Preprocessing(
                    8, 8, 3, 1, Interpolation.BILINEAR, List.of(0.0, 0.0, 0.0), List.of(1.0, 1.0, 1.0));
            assertThatThrownBy(() -> net.preprocessing(small))
                    .hasMessage("preprocessing makes images [H, W, C] of [8, 8, 3], the network reads [16, 16, 3]");
        }
    }

    @Test
    void closedInferenceOnTheReferenceBackendFails() {
        try (Network net = Network.create(MODEL, 1)) {
            var images = Nd4j.ones(1, Stripes.SIDE, Stripes.SIDE, 3);
            SameDiffInference inference = new SameDiffInference(MODEL.graph(), net.parameters());
            inference.logits(images);
            inference.close();
            assertThatThrownBy(() -> inference.logits(images))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("the model is closed");
        }
    }
}
