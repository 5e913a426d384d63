package com.example.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.checkpoint.Checkpoints;
import org.vit4j.config.ConfigError;
import org.vit4j.explain.Explainer;
import org.vit4j.export.ExportFormat;
import org.vit4j.export.ModelExporter;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.metrics.EvaluationMetric;
import org.vit4j.model.Network;
import org.vit4j.model.SavedModel;
import org.vit4j.models.Architecture;
import org.vit4j.models.Flavor;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.Model;
import org.vit4j.models.Models;
import org.vit4j.optim.AdamW;
import org.vit4j.optim.Cosine;
import org.vit4j.train.EarlyStopping;
import org.vit4j.train.Trainer;

/** A program outside of vit4j with its own network, layer, dataset, transform, optimizer, loss, metric and callback. */
class OutsideUserTest {
    private static final Stripes TRAIN = new Stripes(96, 1);
    private static final Stripes VALIDATION = new Stripes(30, 1000);

    @TempDir
    static Path directory;

    private static final Model MODEL = Model.of(new StripeNet(new ImageSpec(Stripes.SIDE, Stripes.SIDE, 3), 3, 16, 2));
    private static final LossCurve CURVE = new LossCurve(0.95);
    private static List<EpochMetrics> history;
    private static INDArray images;
    private static INDArray logits;

    @BeforeAll
    static void trainAndSave() {
        try (Network net = Network.create(MODEL, 1)) {
            history = Trainer.of(net)
                    .optimizer(new SignMomentum(1e-2, 0.01))
                    .schedule((epoch, lr, finished) -> lr * Math.pow(0.95, epoch))
                    .loss(new ConfidenceLoss(1e-4))
                    .augment(new Brighten(20))
                    .callbacks(CURVE)
                    .metrics(new WorstRecall(3))
                    .batch(16)
                    .seed(3)
                    .fit(TRAIN, VALIDATION, 40);
            images = net.prepare(List.of(VALIDATION.image(0), VALIDATION.image(1), VALIDATION.image(2)));
            logits = net.logits(images);
            net.save(directory.resolve("stripes.keras"));
        }
    }

    private static float[] values(INDArray array) {
        return array.dup('c').data().asFloat();
    }

    private static void assertSameLogits(INDArray actual) {
        assertThat(values(actual)).containsExactly(values(logits));
    }

    @Test
    void theNetworkLearnsUntilTheCallbackEndsTheRun() {
        EpochMetrics last = history.get(history.size() - 1);
        assertThat(last.valTop1()).isGreaterThanOrEqualTo(0.95);
        assertThat(last.metrics().get("worst_recall")).isBetween(0.8, 1.0);
        assertThat(history).hasSizeLessThan(40);
        assertThat(CURVE.epochs).hasSize(history.size());
        assertThat(CURVE.losses).hasSize(6 * history.size()); // 96 images in batches of 16
        assertThat(images.shape()).containsExactly(3, 3, Stripes.SIDE, Stripes.SIDE);
        assertThat(logits.argMax(1).toIntVector()).containsExactly(0, 1, 2);
    }

    @Test
    void aSavedNetworkReopensWithItsModelAndWithItsArchitecture() {
        Path file = directory.resolve("stripes.keras");
        try (Network net = Network.load(file, MODEL)) {
            assertSameLogits(net.logits(images));
            assertThat(net.predict(VALIDATION.image(4), 1).get(0).label()).isEqualTo("vertical");
            assertThat(net.tensor("blocks.1.probs", images).shape()).containsExactly(3, 2, 16, 16);
        }
        Models models = Models.builtIn().with(new Architecture("stripe_net", Flavor.OFFICIAL, StripeNet::read));
        Model read = models.parse("model: {arch: stripe_net, image: {size: 16}, classes: 3, depth: 2}", "stripes");
        try (Network net = Network.create(read, 0)) {
            net.load(Checkpoints.open(file));
            assertSameLogits(net.logits(images));
            net.save(directory.resolve("again.keras"));
        }
        try (Network net = Network.load(directory.resolve("again.keras"), models)) {
            assertSameLogits(net.logits(images));
            assertThat(net.model().withClasses(5).classes()).isEqualTo(5);
        }
        assertThatThrownBy(() -> Network.load(file))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("stripe_net");
    }

    @Test
    void aNetworkIsExplained() {
        try (Network net = Network.load(directory.resolve("stripes.keras"), MODEL);
                Explainer explainer = Explainer.of(net)) {
            assertThat(explainer.predictedClass(VALIDATION.image(1))).isEqualTo(1);
            assertThat(explainer.attentionLayers()).hasSize(2);
            assertThat(explainer.gradCam(VALIDATION.image(1))).isNotNull();
        }
    }

    @Test
    void aNetworkIsExportedToKerasAndOnnx() throws Exception {
        Path keras = directory.resolve("exported.keras");
        Path onnx = directory.resolve("exported.onnx");
        try (SavedModel model = SavedModel.load(directory.resolve("stripes.keras"), MODEL)) {
            assertThat(values(model.logits(images))).containsExactly(values(logits), within(1e-5f));
            ModelExporter.write(model, ExportFormat.KERAS, keras, ModelExporter.ExportOptions.DEFAULTS);
            ModelExporter.write(model, ExportFormat.ONNX, onnx, ModelExporter.ExportOptions.DEFAULTS);
        }
        try (Network net = Network.load(keras, MODEL)) {
            assertSameLogits(net.logits(images));
        }
        assertThat(Files.size(onnx)).isGreaterThan(10_000);
    }

    @Test
    void aBuiltInNetworkIsFineTuned() {
        Model model = Models.builtIn()
                .open("digits-vit", List.of("model.dim=16", "model.depth=1", "model.heads=2"))
                .withClasses(3)
                .withImageSize(16);
        Path file = directory.resolve("vit.keras");
        INDArray before;
        try (Network net = Network.create(model, 5)) {
            before = net.logits(Nd4j.ones(2, model.image().channels(), 16, 16));
            net.save(file);
        }
        try (Network net = Network.create(model, 6)) {
            net.load(Checkpoints.open(file));
            assertThat(values(net.logits(Nd4j.ones(2, model.image().channels(), 16, 16))))
                    .containsExactly(values(before));
            List<EpochMetrics> epochs = Trainer.of(net)
                    .optimizer(new AdamW(1e-3, 0.05))
                    .schedule(Cosine.over(3).warmup(1))
                    .callbacks(new EarlyStopping(5), new LossCurve(2))
                    .metrics(new EvaluationMetric<>("accuracy", () -> new Evaluation(3), Evaluation::accuracy))
                    .fit(TRAIN, VALIDATION, 3);
            assertThat(epochs).hasSize(3);
            assertThat(epochs.get(2).metrics().get("accuracy"))
                    .isCloseTo(epochs.get(2).valTop1(), within(1e-12));
            assertThat(epochs.get(2).lr()).isLessThan(1e-3);
            assertThat(net.description().classes()).isEqualTo(TRAIN.classes());
            net.save(file);
        }
    }

    @Test
    void namedModelsTakeOtherClassesAndImageSizes() {
        Model model = Models.named("deit_small_patch16_224").withClasses(37).withImageSize(192);
        assertThat(model.graph().outputs().get("logits").shape().last()).isEqualTo(37);
        assertThat(model.graph()).isSameAs(model.graph());
        assertThat(model.image().height()).isEqualTo(192);
        assertThat(model.name()).isEqualTo("deit_small_patch16_224");
        assertThatThrownBy(() -> MODEL.withClasses(5)).isInstanceOf(UnsupportedOperationException.class);
    }
}
