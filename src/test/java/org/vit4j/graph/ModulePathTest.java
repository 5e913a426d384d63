package org.vit4j.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ModulePathTest {
    private final Graph graph = new Graph(Init.TIMM);

    private ModulePath path(String name) {
        return graph.scope(name).input("x", 1).module();
    }

    @Test
    void tensorsAndParametersLieInTheScopeOfTheirLayer() {
        Tensor x = graph.input("x", 3, 4);
        Graph block = graph.scope("blocks.2");
        Tensor y = block.scope("mlp").dense("fc1", x, 4);
        Tensor z = block.addParameter("pos_embed", y, Role.POSITION, Init.ZEROS);
        assertThat(x.module().isRoot()).isTrue();
        assertThat(y.module().names()).containsExactly("blocks", "2", "mlp");
        assertThat(graph.module(y.parameters().get(0)).names()).containsExactly("blocks", "2", "mlp");
        assertThat(z.name()).isEqualTo("blocks.2.pos_embed.added");
        assertThat(graph.module(z.parameters().get(0)).names()).containsExactly("blocks", "2");
    }

    @Test
    void aDottedNameIsANameWithinAScope() {
        Tensor x = graph.input("x", 3, 4);
        Tensor y = graph.scope("attn").dense("mlp.0", x, 4);
        assertThat(y.name()).isEqualTo("attn.mlp.0");
        assertThat(y.module().names()).containsExactly("attn", "mlp");
        assertThat(graph.module(y.parameters().get(0)).toString()).isEqualTo("attn.mlp");
    }

    @Test
    void numberedModulesAreListElementsAndNamesWithANumber() {
        assertThat(path("blocks.3.attn").numberedBelow(0))
                .map(ModulePath::toString)
                .contains("blocks.3");
        assertThat(path("stage1.blocks.0").numberedBelow(0))
                .map(ModulePath::toString)
                .contains("stage1");
        assertThat(path("stage2.blocks.0").numberedBelow(1))
                .map(ModulePath::toString)
                .contains("stage2.blocks.0");
        assertThat(path("layer1.0").numberedBelow(1)).map(ModulePath::toString).contains("layer1.0");
        assertThat(path("tokens_to_token.attention1").numberedBelow(0)).isEmpty();
        assertThat(path("patch_embed").numberedBelow(0)).isEmpty();
        assertThat(path("a.b.c.7").numberedBelow(0)).isEmpty();
    }

    @Test
    void outputsAreFoundByTheirPurpose() {
        Tensor x = graph.input("image", 3);
        assertThatThrownBy(graph::logits).hasMessage("the graph has no output 'logits'");
        graph.output("logits", x);
        assertThat(graph.input()).isSameAs(x);
        assertThat(graph.logits()).isSameAs(x);
        assertThat(graph.classLogits()).isEmpty();
        assertThat(graph.distillLogits()).isEmpty();
    }
}
