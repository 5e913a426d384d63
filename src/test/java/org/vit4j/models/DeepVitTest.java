package org.vit4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

class DeepVitTest {
    private static final String SMALL =
            "arch: deepvit, image: {size: [16, 32]}, classes: 5, patch_size: 8, dim: 12, depth: 2, heads: 3,"
                    + " mlp_dim: 24";

    private static ModelConfig read(String more) {
        Config config = Config.parse("model: {" + SMALL + more + "}", "deepvit.yaml");
        var model = Models.builtIn().read(config.root().section("model"));
        config.finish();
        return model.orElseThrow();
    }

    @Test
    void onlyBlocksWithReAttentionHaveItsParameters() {
        Graph g = read(", re_attention: [false, true]").build();
        assertThat(g.parameters())
                .extracting(Parameter::name)
                .contains("blocks.1.attn.reatten_matrix.kernel", "blocks.1.attn.var_norm.variance")
                .doesNotContain("blocks.0.attn.reatten_matrix.kernel", "blocks.0.attn.var_norm.variance");
    }

    @Test
    void scaleAdjustmentOfOneAddsNoOperations() {
        assertThat(read("").build().tensors()).extracting(Tensor::name).noneMatch(name -> name.contains("adjust"));
        assertThat(read(", scale_adjustment: 0.5").build().tensors())
                .extracting(Tensor::name)
                .contains("blocks.0.adjust1", "blocks.0.readjust1", "blocks.1.adjust2", "blocks.1.readjust2");
    }

    @Test
    void theStemKeepsTheNumberOfPatches() {
        Graph g = read(", stem: cnn").build();
        assertThat(g.tensor("patch_embed.relu2").shape()).isEqualTo(Shape.of(8, 16, 64));
        assertThat(g.tensor("tokens").shape())
                .isEqualTo(read("").build().tensor("tokens").shape());
    }

    @Test
    void invalidConfigsAreRejected() {
        assertRejected(
                ", re_attention: [true]",
                "re_attention (1 entries) must have one entry for each of the 2 blocks (depth)");
        assertRejected(", heads: 5", "dim (12) must be a multiple of heads (5)");
        assertRejected(", patch_size: 5", "image height (16) must be a multiple of patch_size (5)");
        assertRejected(
                ", image: {size: 9}, patch_size: 3, stem: cnn", "must be a multiple of the stride of stem: cnn (2)");
        assertRejected(", scale_adjustment: 0", "scale_adjustment (0.0) must be positive");
        assertRejected(
                ", pool: mean", "pool (mean) is not supported by the official flavor, which reads the class token");
        assertRejected(
                ", flavor: community, transform_scale: true",
                "transform_scale (true) is not supported by the community flavor");
    }

    private static void assertRejected(String more, String rule) {
        // Removes the keys that the test sets, since YAML keys must be unique.
        String start = SMALL;
        for (String key : new String[] {"heads: 3", "patch_size: 8", "image: {size: [16, 32]}"}) {
            String word = key.substring(0, key.indexOf(':') + 1);
            if (more.contains(" " + word)) start = start.replace(key + ", ", "");
        }
        String yaml = "model: {" + start + more + "}";
        assertThatThrownBy(() -> {
                    Config config = Config.parse(yaml, "deepvit.yaml");
                    Models.builtIn().read(config.root().section("model"));
                    config.finish();
                })
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining(rule);
    }
}
