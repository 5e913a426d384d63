package org.vit4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;

class PitTest {
    private static ModelConfig model(String keys) {
        Config config = Config.parse("model: {arch: pit, " + keys + "}", "pit.yaml");
        var model = Models.builtIn().read(config.root().section("model"));
        config.finish();
        return model.orElseThrow();
    }

    @Test
    void eachPoolingHalvesTheGridRoundingUp() {
        Graph graph = model("image: {size: [40, 24]}, patch_size: 8, stride: 4, depth: [1, 1, 1], head_dim: 4")
                .build();
        assertThat(graph.tensor("patch_embed.conv").shape().dims()).containsExactly(9, 5, 8);
        assertThat(graph.tensor("transformers.1.pool.conv").shape().dims()).containsExactly(5, 3, 16);
        assertThat(graph.tensor("transformers.2.pool.conv").shape().dims()).containsExactly(3, 2, 32);
    }

    @Test
    void distilledNetworkOutputsBothHeadsAndTheirMean() {
        Graph graph = model("classes: 7, distilled: true").build();
        assertThat(graph.outputs().keySet()).containsExactly("logits", "logits_class", "logits_distill");
        assertThat(graph.tensor("cls_token.tokens").shape().dims()).containsExactly(2, 96);
        assertThat(graph.outputs().get("logits").shape().dims()).containsExactly(7);
    }

    @Test
    void communityFlavorHasTheReferenceParameterCount() {
        ModelConfig model = model("flavor: community, image: {size: 224}, patch_size: 14, dim: 256, "
                + "depth: [3, 3, 3], heads: 16, mlp_dim: 2048");
        assertThat(model.build().parameterCount()).isEqualTo(47_499_752);
    }

    @Test
    void invalidConfigsAreRejected() {
        assertThatThrownBy(() -> model("depth: [2, 6, 4], heads: [2, 4]"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("expected one value or as many as depth (3), got 2");
        assertThatThrownBy(() -> model("heads: []"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("expected one value or as many as depth (3), got 0");
        assertThatThrownBy(() -> model("heads: [2, 3, 6]"))
                .hasMessageContaining("width of stage 1 (144) must be a multiple of width of stage 0 (96)");
        assertThatThrownBy(() -> model("flavor: community, distilled: true")).hasMessageContaining("distilled");
        assertThatThrownBy(() -> model("dim: 64")).hasMessageContaining("dim: is heads x head_dim");
        assertThatThrownBy(() -> model("image: {size: 8}"))
                .hasMessageContaining("patch_size (16 x 16) must not exceed the image (8 x 8)");
    }
}
