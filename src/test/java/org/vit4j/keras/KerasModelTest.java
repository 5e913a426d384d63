package org.vit4j.keras;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vit4j.config.Config;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;
import org.vit4j.models.Models;

/** Order, group names and config. The expected lists were read from Keras 3.15 after loading the file. */
class KerasModelTest {
    private final Graph graph = new Graph(Init.PYTORCH);
    private final Tensor image = graph.input("image", 4, 4, 3);

    @Test
    void snakeCaseMatchesKeras() {
        assertThat(List.of("Dense", "Conv2D", "ZeroPadding1D", "DepthwiseConv2D", "EinsumDense", "InputLayer"))
                .map(KerasOrder::snakeCase)
                .containsExactly(
                        "dense", "conv2d", "zero_padding1d", "depthwise_conv2d", "einsum_dense", "input_layer");
    }

    @Test
    void nodesAreOrderedByDepthThenByDiscoveryFromTheOutput() {
        Tensor x = graph.reshape("tokens", image, 16, 3);
        Tensor a = graph.dense("a", x, 3);
        Tensor b1 = graph.dense("b1", x, 3);
        Tensor b2 = graph.dense("b2", b1, 3);
        graph.output("logits", graph.add("sum", b2, a)); // a was created first, b1 is deeper, b2 is discovered first

        assertThat(model().nodes()).map(KerasNode::name).containsExactly("image", "tokens", "b1", "b2", "a", "sum");
        assertThat(paths())
                .containsExactly(
                        "b1.kernel layers/dense/vars/0",
                        "b1.bias layers/dense/vars/1",
                        "b2.kernel layers/dense_1/vars/0",
                        "b2.bias layers/dense_1/vars/1",
                        "a.kernel layers/dense_2/vars/0",
                        "a.bias layers/dense_2/vars/1");
    }

    @Test
    void vitHasTheLayersThatKerasReports() {
        String yaml = """
                model: {arch: vit, image: {size: 32}, patch_size: 8, classes: 10, dim: 32, depth: 1, heads: 4}
                """;
        Graph vit = Models.builtIn()
                .read(Config.parse(yaml, "test").root().section("model"))
                .orElseThrow()
                .build();
        assertThat(KerasModel.of(vit, "vit").nodes())
                .map(KerasNode::toString)
                .map(text -> text.substring(0, text.indexOf(" [")))
                .containsExactly(
                        "InputLayer image",
                        "Conv2D patch_embed_proj",
                        "Reshape patch_embed_flat",
                        "Cropping1D cls_token_like",
                        "Rescaling cls_token_zeros",
                        "EinsumDense cls_token_table",
                        "Concatenate tokens",
                        "Rescaling pos_embed_zeros",
                        "EinsumDense pos_embed_table",
                        "Add pos_embed_added",
                        "LayerNormalization blocks_0_norm1",
                        "Dense blocks_0_attn_qkv",
                        "Reshape blocks_0_attn_qkv_heads_cut",
                        "Permute blocks_0_attn_qkv_heads",
                        "Cropping2D blocks_0_attn_q",
                        "Rescaling blocks_0_attn_scores_scaled",
                        "Cropping2D blocks_0_attn_k",
                        "Einsum blocks_0_attn_scores",
                        "Softmax blocks_0_attn_probs",
                        "Cropping2D blocks_0_attn_v",
                        "Einsum blocks_0_attn_context",
                        "Permute blocks_0_attn_merged_tokens",
                        "Reshape blocks_0_attn_merged",
                        "Dense blocks_0_attn_proj",
                        "Add blocks_0_add1",
                        "LayerNormalization blocks_0_norm2",
                        "Dense blocks_0_mlp_fc1",
                        "Activation blocks_0_mlp_act",
                        "Dense blocks_0_mlp_fc2",
                        "Add blocks_0_add2",
                        "Cropping1D cls",
                        "Reshape cls_flat",
                        "LayerNormalization norm",
                        "Dense head");
    }

    @Test
    void configContainsInputsOutputsAndLayers() {
        graph.output("logits", graph.layerNorm("norm", graph.add("sum", image, image), 1e-6));
        JsonNode config = model().config().path("config");

        assertThat(config.path("input_layers")).hasToString("[\"image\",0,0]");
        assertThat(config.path("output_layers")).hasToString("[\"norm\",0,0]");
        assertThat(config.path("layers").path(0))
                .hasToString("{\"module\":\"keras.layers\",\"class_name\":\"InputLayer\",\"config\":{\"batch_shape\":"
                        + "[null,4,4,3],\"dtype\":\"float32\",\"name\":\"image\"},\"registered_name\":null,"
                        + "\"name\":\"image\",\"inbound_nodes\":[]}");
        JsonNode sum = config.path("layers").path(1).path("inbound_nodes").path(0);
        assertThat(sum.path("args")).hasSize(1);
        assertThat(sum.path("args").path(0)).hasSize(2);
        assertThat(config.path("layers").path(2).path("config"))
                .hasToString("{\"name\":\"norm\",\"dtype\":\"float32\",\"axis\":-1,\"epsilon\":1.0E-6}");
    }

    @Test
    void operationConfigsContainNoName() {
        Tensor q = graph.reshape("q", image, 2, 4, 6); // [H, T, d]
        graph.output("logits", graph.scores("scores", q, q, 0.5));
        JsonNode einsum = model().config().path("config").path("layers").path(3);

        assertThat(einsum.path("module").asText()).isEqualTo("keras.src.ops.numpy");
        assertThat(einsum.path("registered_name").asText()).isEqualTo("Einsum");
        assertThat(einsum.path("config")).hasToString("{\"subscripts\":\"bhid,bhjd->bhij\"}");
    }

    @Test
    void namesAreUniqueAndDifferFromGeneratedOnes() {
        Tensor a = graph.scale("a.b", image, 2);
        Tensor b = graph.scale("a_b", a, 2);
        graph.output("logits", graph.scale("einsum_1", b, 2));
        assertThat(model().nodes()).map(KerasNode::name).containsExactly("image", "a_b", "a_b_2", "einsum_1_layer");
    }

    @Test
    void dropoutIsOmitted() {
        Tensor x = graph.dropPath("path", graph.dropout("drop", image, 0.5), 0.5);
        graph.output("logits", graph.scale("twice", x, 2));
        assertThat(model().nodes()).map(KerasNode::name).containsExactly("image", "twice");
    }

    @Test
    void depthwiseKernelsHaveTheShapeOfKeras() {
        graph.output("logits", graph.conv2d("dw", image, 6, Window.square(3, 1, 1), 3, true));
        assertThat(model().slots()).hasSize(2);
        assertThat(model().slots().get(0).shape()).hasToString("[3, 3, 3, 2]");
        assertThat(model().slots().get(0).path()).isEqualTo("layers/depthwise_conv2d/vars/0");
    }

    @Test
    void constantTablesAreNotTrainableInKeras() {
        graph.output("logits", graph.addParameter("fixed", image, Role.CONSTANT, Init.ZEROS));
        JsonNode table = model().config().path("config").path("layers").path(2);
        assertThat(table.path("name").asText()).isEqualTo("fixed_table");
        assertThat(table.path("config").path("trainable").isBoolean()).isTrue();
        assertThat(model().slots()).filteredOn(WeightSlot::isHelper).hasSize(1);
    }

    @Test
    void parametersUnusedByTheLogitsAreStoredOutsideTheLayers() {
        graph.dense("other", image, 2, false);
        graph.output("logits", graph.dense("head", image, 2, false));
        assertThat(paths()).containsExactly("head.kernel layers/dense/vars/0", "other.kernel vit4j/vars/0");
    }

    @Test
    void operationsWithoutAKerasLayerAreReported() {
        graph.output("logits", graph.unfold("cut", image, new Window(2, 2, 1, 2, 0, 0, 1)));
        assertThatThrownBy(this::model)
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageStartingWith("no Keras layer for Unfold[")
                .hasMessageEndingWith("(cut)");
    }

    @Test
    void sharedParametersAreReadBackFromTheFirstLayer() {
        Tensor first = graph.conv2d("first", image, 2, Window.square(2, 1, 0), 1, false);
        Tensor again = graph.conv2dShared("again", first, image, Window.square(2, 1, 0));
        graph.output("logits", graph.add("both", first, again));
        WeightIndex index = WeightIndex.of(model());

        assertThat(index.weights()).hasSize(1);
        assertThat(index.weights().get("first.kernel").path()).isEqualTo("layers/conv2d/vars/0");
        assertThat(index.copies()).containsOnlyKeys("layers/conv2d_1/vars/0");
        assertThat(WeightIndex.parse(index.toJson(), "index")).isEqualTo(index);
        assertThat(index.bytes()).isEqualTo(2 * 24 * 4);
    }

    @Test
    void relativeBiasTablesAreStoredUnexpanded() {
        Tensor scores = graph.reshape("scores", image, 3, 4, 4); // [H, T, S]
        graph.output("logits", graph.relativeBias("bias", scores, new AttentionOp.RelativeBias(2, 2, 1, 1, Init.ONES)));
        assertThat(model().slots()).filteredOn(slot -> !slot.isHelper()).hasSize(1);
        assertThat(model().slots())
                .filteredOn(slot -> !slot.isHelper())
                .allMatch(slot -> slot.shape().size() == 12);
    }

    private KerasModel model() {
        return KerasModel.of(graph, "model");
    }

    private List<String> paths() {
        return model().slots().stream()
                .map(slot -> ((KerasVariable.VariableSource.WholeParameter)
                                        slot.variable().source())
                                .weight()
                                .name() + " " + slot.path())
                .toList();
    }
}
