package org.vit4j.backend.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.BackendProvider;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchSource;
import org.vit4j.data.DataLoader;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.datasets.InMemoryDataset;
import org.vit4j.data.transforms.AugmentConfig;
import org.vit4j.data.transforms.Interpolation;
import org.vit4j.graph.Graph;
import org.vit4j.run.RunConfig;
import org.vit4j.run.TrainData;

/** Images that are uploaded as bytes and normalized on a device with memory of its own. */
class TorchBytesTest {
    private static final int BATCH = 4;
    private static final BackendProvider COPYING = new TorchBackend(new TorchDevice("cpu", false), true);

    private final Graph graph = RunConfig.open("digits-vit", List.of("model.image={size: 32, channels: 3}"))
            .model()
            .graph();
    private final ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);

    private static DataLoader loader() {
        byte[] pixels = new byte[BATCH * 32 * 32 * 3];
        new Random(1).nextBytes(pixels);
        var dataset = new InMemoryDataset(
                "noise",
                new int[] {32, 32, 3},
                InMemoryDataset.PixelLayout.INTERLEAVED,
                pixels,
                new byte[BATCH],
                List.of("any"));
        var preprocess = new Preprocessing(
                32, 32, 3, 1, Interpolation.BILINEAR, List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225));
        return new DataLoader(dataset, AugmentConfig.NONE, preprocess, BATCH, false, false, 1, 1);
    }

    private static Batch first(BatchSource source) {
        try (var batches = source.epoch(0, 0)) {
            return batches.next();
        }
    }

    private Map<String, float[]> results(GradientStep step, INDArray images) {
        String input = graph.input().name();
        Map<String, INDArray> inputs = new HashMap<>(Map.of(input, images));
        for (DropMask mask : step.masks())
            inputs.put(mask.name(), Nd4j.ones(DataType.FLOAT, mask.shape().batched(BATCH)));
        step.run(inputs);
        return Map.of(
                "image", step.tensor(input).dup().data().asFloat(),
                "gradient", step.flatGradient().dup().data().asFloat(),
                "gradient of the image",
                        step.gradientOfTensor(input).dup().data().asFloat());
    }

    @Test
    void bytesGiveTheResultsOfTheLoadersFloats() {
        parameters.initialize(1);
        String input = graph.input().name();
        var spec = new GradientStep.GradientSpec(
                network ->
                        network.output("logits").mul(network.output("logits")).sum(),
                List.of(input),
                List.of(input));
        BatchSource.ByteBatches bytes = loader().inBytes().orElseThrow();
        Batch batch = first(bytes.source());
        assertThat(batch.bytes()).isPresent();
        try (GradientStep step = COPYING.step(graph, parameters, Mode.TRAINING, spec, Precision.FP32)) {
            Map<String, float[]> expected = results(step, first(loader()).array());
            assertThat(step.normalizesBytes(bytes.table())).isTrue();
            Map<String, float[]> found = results(step, batch.byteArray());
            assertThat(expected.get("image")).isEqualTo(batch.images());
            expected.forEach(
                    (name, values) -> assertThat(found.get(name)).as(name).isEqualTo(values));
            assertThat(results(step, batch.array()).get("gradient")).isEqualTo(expected.get("gradient"));
        }
    }

    /** So the trainings of {@link TorchTrainingTest} on such a device read bytes. */
    @Test
    void theDigitsAreLoadedAsBytes() {
        TrainData data = TrainData.open(RunConfig.open("digits-vitae", List.of()));
        assertThat(first(data.training().inBytes().orElseThrow().source()).bytes())
                .isPresent();
    }

    /** Nothing is copied there, so bytes would save nothing. */
    @Test
    void theHostReadsFloats() {
        parameters.initialize(1);
        var spec = new GradientStep.GradientSpec(
                network -> network.output("logits").sum(), List.of());
        try (GradientStep step = new TorchBackend().step(graph, parameters, Mode.TRAINING, spec, Precision.FP32)) {
            assertThat(step.normalizesBytes(preprocessTable())).isFalse();
        }
    }

    private static float[] preprocessTable() {
        return loader().inBytes().orElseThrow().table();
    }
}
