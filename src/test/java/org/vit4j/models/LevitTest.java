package org.vit4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Parameter;

class LevitTest {
    private static final String SMALL =
            "{arch: levit, image: {size: [64, 96]}, classes: 7, dim: [32, 48], depth: 2, heads: 2, key_dim: 8%s}";

    private static Graph graph(String more) {
        return model(String.format(SMALL, more)).build();
    }

    private static ModelConfig model(String yaml) {
        Config config = Config.parse("model: " + yaml, "levit.yaml");
        var read = Models.builtIn().read(config.root().section("model"));
        config.finish();
        return read.orElseThrow();
    }

    private static void assertRejected(String yaml, String message) {
        assertThatThrownBy(() -> model(yaml)).isInstanceOf(ConfigError.class).hasMessageContaining(message);
    }

    @Test
    void residualBranchesStartAtZero() {
        List<String> zero = graph("").parameters().stream()
                .filter(weight ->
                        weight.name().endsWith(".gamma") && weight.init().equals(Init.ZEROS))
                .map(Parameter::name)
                .toList();
        assertThat(zero)
                .hasSize(2 * 4 + 1)
                .contains("stages.0.blocks.1.attn.proj.ln.bn.gamma", "stages.1.downsample.mlp.ln2.bn.gamma")
                .doesNotContain("stages.1.downsample.attn_downsample.proj.ln.bn.gamma");
    }

    @Test
    void relativeBiasDependsOnlyOnTheDistance() {
        Graph g = graph("");
        var table = (AttentionOp.RelativeBias)
                g.tensor("stages.0.blocks.0.attn.attention_biases.added").op();
        int cells = 4 * 6;
        assertThat(table.offsets()).isEqualTo(cells);
        for (int t = 0; t < cells; t++) {
            assertThat(table.index()[t * cells + t]).isZero();
            for (int s = 0; s < cells; s++) {
                int distance = Math.abs(t / 6 - s / 6) * 6 + Math.abs(t % 6 - s % 6);
                assertThat(table.index()[t * cells + s]).isEqualTo(distance);
            }
        }
    }

    @Test
    void downsamplingQueriesAreEverySecondRowAndColumn() {
        Graph g = graph("");
        var table = (AttentionOp.RelativeBias) g.tensor("stages.1.downsample.attn_downsample.attention_biases.added")
                .op();
        assertThat(g.tensor("stages.1.downsample.attn_downsample.scores")
                        .shape()
                        .dims())
                .containsExactly(32 / 8, 2 * 3, 4 * 6);
        // The second query is in column 2, the first key in column 0.
        assertThat(Arrays.copyOfRange(table.index(), 24, 30)).containsExactly(2, 1, 0, 1, 2, 3);
    }

    @Test
    void distilledNetworkHasThreeOutputs() {
        Graph g = graph(", distilled: true");
        assertThat(g.outputs().keySet()).containsExactly("logits", "logits_class", "logits_distill");
        assertThat(graph("").outputs().keySet()).containsExactly("logits");
    }

    @Test
    void communityFlavorHasTheParameterCountOfItsReadme() {
        String readme = "{arch: levit, flavor: community, dim: [256, 384, 512], depth: 4, heads: [4, 6, 8]}";
        assertThat(model(readme).build().parameterCount()).isEqualTo(17_348_972);
    }

    @Test
    void invalidConfigsAreRejected() {
        assertRejected(
                "{arch: levit, image: {size: 72}}", "image height (72) must be a multiple of the stem's stride (16)");
        assertRejected(
                String.format(SMALL, ", mlp_ratio: [1, 2, 3]"), "mlp_ratio: expected one value or one for each of 2");
        assertRejected("{arch: levit, dim: [16, 32], key_dim: 64}", "dim must be at least key_dim");
        assertRejected("{arch: levit, heads: 0}", "heads (0) must be at least 1");
        assertRejected("{arch: levit, flavor: community, stem: s8}", "stem must be s16 in the community flavor");
        assertRejected("{arch: levit, flavor: community, image: {size: [32, 64]}}", "must be square");
    }
}
