package org.vit4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;

class CvtTest {
    private static ModelConfig model(String more) {
        Config config = Config.parse("model: {arch: cvt" + more + "}", "cvt.yaml");
        var read = Models.builtIn().read(config.root().section("model"));
        config.finish();
        return read.orElseThrow();
    }

    private static void assertRejected(String more, String message) {
        assertThatThrownBy(() -> model(more)).isInstanceOf(ConfigError.class).hasMessageContaining(message);
    }

    @Test
    void classTokenIsNotPartOfTheConvolvedGrid() {
        Graph g = model(", image: {size: [64, 96]}").build();
        assertThat(g.tensor("stage1.blocks.0.attn.scores").shape().dims()).containsExactly(3, 8 * 12, 4 * 6);
        assertThat(g.tensor("stage2.blocks.0.attn.scores").shape().dims()).containsExactly(6, 1 + 4 * 6, 1 + 2 * 3);
    }

    @Test
    void averagePoolingRoundsTheGridUpAndConvolutionsRoundDown() {
        Graph g = model(", image: {size: 96}, projection: [avg, dw_bn, linear]").build();
        assertThat(g.tensor("stage0.blocks.0.attn.scores").dim(2)).isEqualTo(13 * 13);
        assertThat(g.tensor("stage1.blocks.0.attn.scores").dim(2)).isEqualTo(6 * 6);
        assertThat(g.tensor("stage2.blocks.0.attn.scores").dim(2)).isEqualTo(1 + 6 * 6);
    }

    @Test
    void communityFlavorHasTheParameterCountOfItsReadme() {
        assertThat(model(", flavor: community").build().parameterCount()).isEqualTo(19_936_296);
        assertThat(model(", flavor: community, heads: [1, 3, 4]").build().parameterCount())
                .isEqualTo(17_970_216);
    }

    /** Average projections pool keys and values only. */
    @Test
    void averageProjectionsIgnoreThePaddingOfQueries() {
        String[] windows = {"q_padding: 3", "qkv_kernel: 1, q_padding: 1, kv_padding: 0", "q_stride: 2"};
        for (String window : windows) {
            assertThat(model(", projection: avg, " + window)
                            .build()
                            .logits()
                            .shape()
                            .last())
                    .as(window)
                    .isEqualTo(1000);
        }
    }

    @Test
    void invalidConfigsAreRejected() {
        assertRejected(", heads: [1, 5, 6]", "dim (192) must be a multiple of heads (5)");
        assertRejected(", heads: [1, 3]", "heads: expected one value or one for each of 3 stages, got 2");
        assertRejected(
                ", projection: [dw_bn, avg, pool]", "projection: expected one of dw_bn, avg, linear, got 'pool'");
        assertRejected(", q_stride: 2", "the convolution of the queries must keep the grid: q_stride (2) must be 1");
        assertRejected(
                ", projection: avg, qkv_kernel: 1, q_padding: 0, kv_padding: 1",
                "kv_padding (1) must be less than qkv_kernel (1) for projection avg");
        assertRejected(", patch_padding: 0, image: {size: 16}", "patch_size (3) does not fit into a side of 1");
        assertRejected(", flavor: community, class_token: true", "class_token must be false in the community flavor");
        assertRejected(", flavor: community, projection: avg", "projection must be dw_bn in the community flavor");
        assertRejected(", proj_drop: 1.5", "proj_drop (1.5) must be in [0, 1)");
    }
}
