package org.vit4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.vit4j.checkpoint.CheckpointLayout;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;

class DeitTest {
    private static final String SMALL =
            "arch: deit, image: {size: 16}, classes: 5, patch_size: 8, dim: 12, depth: 1, heads: 3, mlp_dim: 24";

    private static ModelConfig read(String more) {
        Config config = Config.parse("model: {" + SMALL + more + "}", "deit.yaml");
        var model = Models.builtIn().read(config.root().section("model"));
        config.finish();
        return model.orElseThrow();
    }

    @Test
    void deitWithoutTokenEqualsTheVit() {
        Graph plain = read(", layer_scale: 1.0e-6, pos_prefix: false").build();
        assertThat(plain.parameters()).extracting(Parameter::name).doesNotContain("dist_token", "head_dist.kernel");
        assertThat(plain.tensor("pos_embed.added").shape()).isEqualTo(Shape.of(4, 12));
        assertThat(plain.outputs()).containsOnlyKeys("logits");
    }

    @Test
    void distillationTokenHasAPositionInTheOfficialFlavorOnly() {
        Graph official = read(", distilled: true").build();
        assertThat(official.tensor("pos_embed.added").shape()).isEqualTo(Shape.of(6, 12));
        Graph community = read(", flavor: community, head_dim: 4").build();
        assertThat(community.tensor("pos_embed.added").shape()).isEqualTo(Shape.of(5, 12));
        assertThat(community.tensor("with_dist").shape()).isEqualTo(Shape.of(6, 12));
        for (Graph g : List.of(official, community)) {
            assertThat(g.outputs()).containsOnlyKeys("logits", "logits_class", "logits_distill");
        }
    }

    @Test
    void communityCheckpointKeysSeparateStudentAndWrapper() {
        ModelConfig model = read(", flavor: community, head_dim: 4");
        assertThat(model.build().parameters())
                .extracting(weight -> CheckpointLayout.of(
                                weight, NameSchemes.of(model).reference())
                        .key())
                .contains(
                        "distillation_token",
                        "distill_mlp.0.bias",
                        "distill_mlp.1.weight",
                        "student.cls_token",
                        "student.pos_embedding",
                        "student.mlp_head.0.weight")
                .allMatch(key -> key.startsWith("student.") || key.startsWith("distill"));
    }

    @Test
    void distillationTokenRequiresClassTokenPoolingAndPositions() {
        assertThatThrownBy(() -> read(", distilled: true, pool: mean"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("distilled (true) needs class_token: true, pool: cls and fc_norm: false");
        assertThatThrownBy(() -> read(", distilled: true, pos_prefix: false"))
                .hasMessageContaining("distilled (true) needs pos_prefix: true and register_tokens: 0");
        assertThatThrownBy(() -> read(", distilled: true, head_drop: 0.1"))
                .hasMessageContaining("head_drop (0.1) must be 0 if distilled is true");
    }
}
