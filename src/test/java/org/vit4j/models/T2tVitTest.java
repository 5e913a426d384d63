package org.vit4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;
import org.vit4j.layers.SinusoidalPositions;

class T2tVitTest {
    private static ModelConfig read(String more) {
        Config config = Config.parse("model: {arch: t2t_vit, classes: 10, " + more + "}", "test.yaml");
        var model = Models.builtIn().read(config.root().section("model"));
        config.finish();
        return model.orElseThrow();
    }

    @Test
    void everySplitUnfoldsTheGridOfThePreviousSplit() {
        Graph g = read("image: {size: [64, 96]}, dim: 32, depth: 1, heads: 2, token_dim: 8")
                .build();
        assertThat(g.tensor("tokens_to_token.soft_split0").shape()).isEqualTo(Shape.of(16 * 24, 3 * 49));
        assertThat(g.tensor("tokens_to_token.soft_split1").shape()).isEqualTo(Shape.of(8 * 12, 8 * 9));
        assertThat(g.tensor("tokens_to_token.project").shape()).isEqualTo(Shape.of(4 * 6, 32));
    }

    @Test
    void positionsAndPerformerDirectionsAreNotTrained() {
        Graph g = read("image: {size: 32}, dim: 32, depth: 1, heads: 2, token_dim: 8")
                .build();
        assertThat(g.parameters())
                .filteredOn(weight -> weight.role() == Role.CONSTANT)
                .extracting(Parameter::name)
                .containsExactly("tokens_to_token.attention1.w", "tokens_to_token.attention2.w", "pos_embed");
        assertThat(g.parameterCount() - g.trainableCount()).isEqualTo(2 * 4 * 8 + 5 * 32);
    }

    @Test
    void performerDirectionsAreOrthogonalWithTheLengthOfTheGain() {
        int rows = 5;
        int columns = 12;
        float[] w = new Init.OrthogonalInit(3).values(Shape.of(rows, columns), new SplittableRandom(1));
        for (int a = 0; a < rows; a++) {
            for (int b = 0; b < rows; b++) {
                double dot = 0;
                for (int i = 0; i < columns; i++) dot += w[a * columns + i] * w[b * columns + i];
                assertThat(dot).isCloseTo(a == b ? 9 : 0, within(1e-5));
            }
        }
    }

    @Test
    void sinusoidColumnsAreSineAndCosineOfTheirFrequency() {
        float[] table = SinusoidalPositions.table(4, 6).values(Shape.of(4, 6), new SplittableRandom(1));
        assertThat(table).startsWith(0, 1, 0, 1, 0, 1);
        assertThat(table[2 * 6]).isCloseTo((float) Math.sin(2), within(1e-6f));
        assertThat(table[3 * 6 + 3]).isCloseTo((float) Math.cos(3 / Math.pow(10000, 2 / 6.0)), within(1e-6f));
    }

    @Test
    void invalidConfigsAreRejected() {
        assertThatThrownBy(() -> read("heads: 5, dim: 64"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("dim (64) must be a multiple of heads (5)");
        assertThatThrownBy(() -> read("soft_split: [[7, 4, 2], [3]]"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("soft_split: expected [kernel, stride, padding], got [3]");
        assertThatThrownBy(() -> read("image: {size: 8}, soft_split: [[3, 2, 0], [5, 1, 0]]"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("a window of 5 does not fit into 3 pixels");
        assertThatThrownBy(() -> read("pool: mean"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("pool (mean) is not supported by the official flavor");
    }

    @Test
    void distillationTokenIsLastAndHasNoPosition() {
        Graph g = read("flavor: community, image: {size: 16}, soft_split: [[3, 2], [3, 2]], dim: 24, depth: 1,"
                        + " heads: 2, head_dim: 8, distilled: true")
                .build();
        assertThat(g.tensor("pos_embed.added").shape()).isEqualTo(Shape.of(1 + 16, 24));
        assertThat(g.tensor("with_dist").shape()).isEqualTo(Shape.of(1 + 16 + 1, 24));
        assertThat(g.outputs().keySet()).containsExactly("logits", "logits_class", "logits_distill");
    }
}
