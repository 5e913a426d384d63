package org.vit4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.vit4j.config.Config;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;

class CeitTest {
    private static Graph graph(String size, String more) {
        String tiny = "classes: 10, dim: 24, depth: 3, heads: 3, patch_size: 2";
        String yaml = "model: {arch: ceit, image: {size: " + size + "}, " + tiny + more + "}";
        Config config = Config.parse(yaml, "test.yaml");
        var model = Models.builtIn().read(config.root().section("model"));
        config.finish();
        return model.orElseThrow().build();
    }

    @Test
    void leffGridEqualsThePatchGridOfNonSquareImages() {
        Graph g = graph("[32, 64]", "");
        assertThat(g.tensor("blocks.0.leff.grid").shape()).isEqualTo(Shape.of(4, 8, 96));
    }

    @Test
    void eachOfTheThreePartsCanBeDisabled() {
        Graph all = graph("32", "");
        assertThat(all.tensors()).anyMatch(t -> t.op() instanceof ImageOp.MaxPool);
        assertThat(all.tensors()).anyMatch(t -> t.op() instanceof AttentionOp.LastTokenQkv);
        Graph none = graph("32", ", i2t: false, leff: false, lca: false");
        assertThat(none.parameters())
                .extracting(Parameter::name)
                .noneMatch(name -> name.matches("(lca|pos_layer_embed|i2t.backbone).*|.*leff.*"))
                .contains("blocks.2.mlp.fc2.kernel");
        assertThat(graph("32", ", flavor: community, head_dim: 8").tensors())
                .noneMatch(t -> t.op() instanceof AttentionOp.LastTokenQkv);
        assertThat(graph("32", ", flavor: community, head_dim: 8, leff: false, lca: true")
                        .tensors())
                .anyMatch(t -> t.op() instanceof AttentionOp.LastTokenQkv);
    }

    @Test
    void lcaComputesTheQueryOfTheLastLayerOnly() {
        Graph g = graph("32", "");
        assertThat(g.tensor("lca.attn.qkv").shape()).isEqualTo(Shape.of(1 + 2 * 3, 24));
        assertThat(g.tensor("lca.attn.qkv").macs()).isEqualTo((1 + 2 * 3) * 24 * 24);
    }

    @Test
    void invalidConfigsAreRejected() {
        assertThatThrownBy(() -> graph("36", ""))
                .hasMessageContaining("feature map height (9) must be a multiple of patch_size (2)");
        assertThatThrownBy(() -> graph("32", ", leff_kernel: 4")).hasMessageContaining("leff_kernel (4) must be odd");
        assertThatThrownBy(() -> graph("32", ", pool: mean")).hasMessageContaining("unknown key 'pool'");
        assertThatThrownBy(() -> graph("33", ", i2t: false"))
                .hasMessageContaining("image height (33) must be a multiple of patch_size (2)");
    }
}
