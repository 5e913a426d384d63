package org.vit4j.graph.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

class SlicePropagationTest {
    private static final int TOKENS = 9;

    private final Graph g = new Graph(Init.PYTORCH);
    private final Tensor x = g.input("x", TOKENS, 8);

    /** An encoder block with names like timm's. */
    private Tensor block(Graph at, Tensor in) {
        Tensor qkv = at.dense("qkv", at.layerNorm("norm1", in, 1e-6), 24);
        Tensor q = at.splitHeads("q", qkv, 2, 0, 3);
        Tensor k = at.splitHeads("k", qkv, 2, 1, 3);
        Tensor v = at.splitHeads("v", qkv, 2, 2, 3);
        Tensor context = at.weightedSum("context", at.softmax("probs", at.scores("scores", q, k, 1)), v);
        Tensor sum = at.add("add1", in, at.dense("proj", at.mergeHeads("merged", context), 8));
        Tensor hidden = at.activate("gelu", at.dense("fc1", at.layerNorm("norm2", sum, 1e-6), 16), Activation.GELU);
        return at.add("add2", sum, at.dense("fc2", at.dropout("drop", hidden, 0.1), 8));
    }

    private Tensor network() {
        Tensor blocks = block(g.scope("1"), block(g.scope("0"), x));
        Tensor cls = g.slice("cls", g.layerNorm("norm", blocks, 1e-6), 0, 0, 1);
        return g.dense("logits", g.reshape("flat", cls, 8), 3);
    }

    private Map<String, Tensor> inferred(Tensor... complete) {
        return SlicePropagation.of(g, List.of(complete), false);
    }

    private static void assertTopological(Collection<Tensor> tensors) {
        LinkedHashSet<Tensor> before = new LinkedHashSet<>();
        for (Tensor t : tensors) {
            assertThat(before).as(t.name()).containsAll(t.inputs());
            before.add(t);
        }
    }

    @Test
    void lastBlockIsComputedForTheClassTokenOnly() {
        Map<String, Tensor> tensors = inferred(network());
        assertTopological(tensors.values());
        for (String name : List.of("1.proj", "1.add1", "1.norm2", "1.fc2", "1.add2", "norm", "cls"))
            assertThat(tensors.get(name).shape()).as(name).isEqualTo(Shape.of(1, 8));
        assertThat(tensors.get("1.scores").shape()).isEqualTo(Shape.of(2, 1, TOKENS));
        assertThat(tensors.get("1.fc1").parameters())
                .extracting(Parameter::name)
                .containsExactly("1.fc1.kernel", "1.fc1.bias");
        assertThat(tensors.get("1.fc1").macs()).isEqualTo(8 * 16);
    }

    @Test
    void earlierBlocksAndKeysAndValuesAreNotChanged() {
        Map<String, Tensor> tensors = inferred(network());
        for (Tensor t : g.tensors()) {
            if (t.name().startsWith("0.") || t.name().matches("1\\.(norm1|qkv|q|k|v)"))
                assertThat(tensors.get(t.name())).isSameAs(t);
        }
    }

    @Test
    void slicesOfATensorWithOtherReadersFollowItDirectly() {
        List<String> names = List.copyOf(inferred(network()).keySet());
        assertThat(names.get(names.indexOf("0.add2") + 1)).isEqualTo("0.add2[0:1]");
        assertThat(names.get(names.indexOf("1.q") + 1)).isEqualTo("1.q[0:1]");
    }

    @Test
    void completeTensorsAndTheirInputsAreNotChanged() {
        Tensor logits = network();
        Tensor fc1 = g.tensor("1.fc1");
        Map<String, Tensor> tensors = inferred(logits, fc1);
        assertThat(tensors.get("1.fc1")).isSameAs(fc1);
        assertThat(tensors.get("1.probs")).isSameAs(g.tensor("1.probs"));
        assertThat(tensors.get("1.gelu").shape()).isEqualTo(Shape.of(1, 16));
        assertThat(tensors.get("1.gelu").input().op()).isEqualTo(new LayoutOp.Slice(0, 0, 1));
    }

    @Test
    void masksOfDropoutKeepTheirShapeInTraining() {
        Map<String, Tensor> tensors = SlicePropagation.of(g, List.of(network()), true);
        assertThat(tensors.get("1.drop")).isSameAs(g.tensor("1.drop"));
        assertThat(tensors.get("1.fc2").shape()).isEqualTo(Shape.of(1, 8));
        assertThat(tensors.get("1.context")).isSameAs(g.tensor("1.context"));
    }

    @Test
    void networksThatAverageTheTokensAreNotChanged() {
        Tensor logits = g.dense("logits", g.mean("pool", block(g, x), 0), 3);
        assertThat(inferred(logits).values()).containsExactlyElementsOf(g.tensors());
    }

    @Test
    void unusedPartsOfAConcatAreNotComputed() {
        Tensor cls = g.dense("a", g.slice("first", x, 0, 0, 1), 8);
        Tensor patches = g.dense("b", g.slice("rest", x, 0, 1, TOKENS), 8);
        Tensor norm = g.layerNorm("norm", g.concat("tokens", 0, cls, patches), 1e-6);
        Map<String, Tensor> tensors = inferred(g.slice("cls", norm, 0, 0, 1));
        assertThat(tensors).containsOnlyKeys("x", "first", "a", "norm", "cls");
        assertThat(tensors.get("norm").inputs()).containsExactly(cls);
    }

    @Test
    void severalSlicesShareTheSmallestRangeThatContainsThem() {
        Tensor norm = g.layerNorm("norm", x, 1e-6);
        Map<String, Tensor> tensors = inferred(g.slice("a", norm, 0, 2, 3), g.slice("b", norm, 0, 4, 5));
        assertThat(tensors.get("norm").shape()).isEqualTo(Shape.of(3, 8));
        assertThat(tensors.get("norm").input().op()).isEqualTo(new LayoutOp.Slice(0, 2, 5));
        assertThat(tensors.get("b").op()).isEqualTo(new LayoutOp.Slice(0, 2, 3));
    }

    @Test
    void batchStatisticsAreOfAllTokensInTrainingOnly() {
        Tensor norm = g.batchNorm("bn", x, 1e-5);
        Tensor cls = g.slice("cls", norm, 0, 0, 1);
        assertThat(SlicePropagation.of(g, List.of(cls, norm), true).get("bn")).isSameAs(norm);
        assertThat(SlicePropagation.of(g, List.of(cls), true).get("bn")).isSameAs(norm);
        assertThat(inferred(cls).get("bn").shape()).isEqualTo(Shape.of(1, 8));
    }
}
