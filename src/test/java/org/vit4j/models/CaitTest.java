package org.vit4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffGradients;
import org.vit4j.backend.samediff.SameDiffGraph;
import org.vit4j.backend.samediff.SameDiffLowering;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;

@Tag("slow")
class CaitTest {
    private static ModelConfig model(String keys) {
        Config config = Config.parse("model: {arch: cait, " + keys + "}", "cait.yaml");
        var model = Models.builtIn().read(config.root().section("model"));
        config.finish();
        return model.orElseThrow();
    }

    private static Graph small(String keys) {
        return model("image: {size: 16}, patch_size: 8, dim: 12, heads: 3, " + keys)
                .build();
    }

    private static Init scale(Graph graph, int block) {
        return graph.tensor("blocks." + block + ".ls1").parameters().get(0).init();
    }

    @Test
    void layerScaleDependsOnTheBlockInTheCommunityFlavorAndIsConstantInTimm() {
        Graph community = small("flavor: community, depth: 26, class_depth: 1");
        assertThat(scale(community, 17)).isEqualTo(new Init.ConstantInit(0.1));
        assertThat(scale(community, 18)).isEqualTo(new Init.ConstantInit(1e-5));
        assertThat(scale(community, 24)).isEqualTo(new Init.ConstantInit(1e-6));
        assertThat(scale(small("depth: 26"), 24)).isEqualTo(new Init.ConstantInit(1e-4));
    }

    @Test
    void onlyTheClassBlocksIncludeTheClassToken() {
        Graph graph = small("depth: 2, class_depth: 2");
        assertThat(graph.tensor("blocks.1.attn.probs").shape().dims()).containsExactly(3, 4, 4);
        assertThat(graph.tensor("blocks_token_only.1.attn.probs").shape().dims())
                .containsExactly(3, 1, 5);
    }

    @Test
    void communityFlavorHasTheReferenceParameterCount() {
        ModelConfig model = model("flavor: community, image: {size: 256}, patch_size: 32, dim: 1024, depth: 12, "
                + "class_depth: 2, heads: 16, mlp_dim: 2048, layer_dropout: 0.05");
        assertThat(model.build().parameterCount()).isEqualTo(121_831_400);
    }

    @Test
    void classBlocksHaveNoGradientWithMeanPooling() {
        Graph graph = small("depth: 1, class_depth: 1, pool: mean, classes: 3");
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        SameDiffGraph lowered = SameDiffLowering.lower(graph, parameters, Mode.TRAINING);
        SDVariable logits = lowered.output("logits");
        try (SameDiffGradients gradients =
                new SameDiffGradients(lowered, logits.mul(logits).sum(), List.of())) {
            gradients.run(Map.of("image", Nd4j.rand(DataType.FLOAT, 2, 16, 16, 3)));
            assertThat(gradients
                            .gradientOf("blocks.0.attn.qkv.kernel")
                            .norm2Number()
                            .doubleValue())
                    .isPositive();
            assertThat(gradients.gradientOf("blocks_token_only.0.attn.q.kernel"))
                    .isNull();
            assertThat(gradients.gradientOf("cls_token")).isNull();
        }
    }

    @Test
    void invalidConfigsAreRejected() {
        assertThatThrownBy(() -> model("dim: 64, heads: 5"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("dim (64) must be a multiple of heads (5)");
        assertThatThrownBy(() -> model("image: {size: [32, 30]}, patch_size: 8"))
                .hasMessageContaining("image width (30) must be a multiple of patch_size (8)");
        assertThatThrownBy(() -> model("flavor: community, pool: mean")).hasMessageContaining("pool (mean)");
        assertThatThrownBy(() -> model("layer_dropout: 1")).hasMessageContaining("layer_dropout (1.0)");
        assertThatThrownBy(() -> model("class_depth: 0")).hasMessageContaining("class_depth (0)");
    }
}
