package org.vit4j.graph.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

class ModuleTreeTest {
    private final Graph graph = new Graph(Init.TIMM);

    private List<ModuleTree> tree() {
        return ModuleTree.of(List.copyOf(graph.tensors()));
    }

    private static List<String> names(List<ModuleTree> modules) {
        return modules.stream().map(ModuleTree::name).toList();
    }

    @Test
    void modulesFollowTheScopesOfTheirTensors() {
        Tensor x = graph.input("x", 3, 4);
        for (int i = 0; i < 2; i++) {
            Graph block = graph.scope("blocks." + i);
            x = block.add("add", x, block.scope("mlp").activate("act", x, Activation.GELU));
        }
        graph.dense("head", x, 2);
        assertThat(names(tree())).containsExactly("x", "blocks", "head");
        ModuleTree blocks = tree().get(1);
        assertThat(blocks.numbered()).isFalse();
        assertThat(names(blocks.children())).containsExactly("blocks.0", "blocks.1");
        ModuleTree first = blocks.children().get(0);
        assertThat(first.numbered()).isTrue();
        assertThat(first.hasResidualSum()).isTrue();
        assertThat(first.hasAttention()).isFalse();
        assertThat(names(first.children())).containsExactly("blocks.0.mlp", "blocks.0.add");
        assertThat(names(first.children().get(0).children())).containsExactly("blocks.0.mlp.act");
    }

    @Test
    void aTensorWithTheNameOfAModuleIsPartOfIt() {
        Tensor x = graph.input("x", 3, 4);
        Graph attn = graph.scope("attn");
        attn.splitHeads("q.heads", attn.dense("q", x, 4), 2);
        ModuleTree q = tree().get(1).children().get(0);
        assertThat(q.name()).isEqualTo("attn.q");
        assertThat(names(q.children())).containsExactly("attn.q", "attn.q.heads");
    }

    @Test
    void aModuleThatIsEnteredAgainIsListedTwice() {
        Tensor x = graph.input("x", 3, 4);
        Graph stem = graph.scope("stem");
        x = graph.scope("other").activate("act", stem.activate("first", x, Activation.RELU), Activation.RELU);
        stem.activate("second", x, Activation.RELU);
        assertThat(names(tree())).containsExactly("x", "stem", "other", "stem");
    }
}
