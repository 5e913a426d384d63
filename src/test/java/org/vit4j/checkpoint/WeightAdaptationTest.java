package org.vit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.graph.Init;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;

/** Comparison with results of the functions of timm 0.9.16. */
class WeightAdaptationTest {
    /** PyTorch computes in float; largest values are about 3. */
    private static final float EXACT = 1e-6f;

    private final JsonNode timm = read();

    private static JsonNode read() {
        try {
            return new ObjectMapper()
                    .readTree(Path.of("src/test/resources/checkpoints/timm-adapt.json")
                            .toFile());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static float[] floats(JsonNode array) {
        float[] values = new float[array.size()];
        for (int i = 0; i < values.length; i++) values[i] = (float) array.get(i).asDouble();
        return values;
    }

    @Test
    void positionsAreResampledAsByTimm() {
        assertThat(timm.path("positions")).hasSize(5);
        for (JsonNode one : timm.path("positions")) {
            int prefix = one.path("prefix").asInt();
            float[] actual = WeightAdaptation.resamplePositions(
                    floats(one.path("input")), grid(prefix, one.path("from")), grid(prefix, one.path("to")));
            assertThat(actual).containsExactly(floats(one.path("output")), within(EXACT));
        }
    }

    private static PositionGrid grid(int prefix, JsonNode size) {
        return new PositionGrid(prefix, size.get(0).asInt(), size.get(1).asInt());
    }

    @Test
    void resampledIntegersAreNotRounded() { // unlike pixels of images
        float[] table = {0, 255, 255, 0};
        float[] actual =
                WeightAdaptation.resamplePositions(table, new PositionGrid(0, 2, 2), new PositionGrid(0, 3, 2));
        assertThat(actual).hasSize(6);
        assertThat(actual[0]).isNegative();
    }

    @Test
    void tableOfAnEqualGridIsUnchanged() {
        float[] table = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
        assertThat(WeightAdaptation.resamplePositions(table, new PositionGrid(1, 2, 2), new PositionGrid(1, 2, 2)))
                .isEqualTo(table);
    }

    @Test
    void channelsAreSummedOrRepeatedAsByTimm() {
        JsonNode conv = timm.path("channels");
        for (int channels : new int[] {1, 2, 4, 5, 7}) {
            CheckpointLayout layout = layout(channels);
            float[] published = layout(3).toModel(new int[] {2, 3, 2, 2}, floats(conv.path("input")));
            float[] expected = layout.toModel(new int[] {2, channels, 2, 2}, floats(conv.path("" + channels)));
            float[] actual = WeightAdaptation.adaptChannels(published, Shape.of(2, 2, 3, 2), channels);
            assertThat(actual).as(channels + " channels").containsExactly(expected, within(EXACT));
        }
    }

    private static CheckpointLayout layout(int channels) {
        Parameter kernel = new Parameter("proj.kernel", Shape.of(2, 2, channels, 2), Role.KERNEL, Init.ZEROS);
        return CheckpointLayout.of(kernel, CheckpointNames.SAME);
    }
}
