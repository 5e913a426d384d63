package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.Attention;
import org.vit4j.layers.ReAttention.BatchReAttention;
import org.vit4j.layers.ReAttention.LayerReAttention;
import org.vit4j.models.ModelConfig;

/** Adapter for the authors' DeepVisionTransformer and ReAttention and vit-pytorch's DeepViT. */
final class GoldenDeepVit {
    private static final Map<String, String> AUTHORS = Map.of(
            "patch_size", "patch_size",
            "num_classes", "classes",
            "embed_dim", "dim",
            "num_heads", "heads",
            "mlp_ratio", "mlp_ratio",
            "qkv_bias", "qkv_bias",
            "attn_drop_rate", "attn_drop",
            "drop_path_rate", "drop_path",
            "transform_scale", "transform_scale",
            "scale_adjustment", "scale_adjustment");

    /** Arguments of both attention modules; dropout is 0 in the goldens. */
    private static final Set<String> MODULE = Set.of(
            "dim",
            "num_heads",
            "qkv_bias",
            "qk_scale",
            "attn_drop",
            "proj_drop",
            "expansion_ratio",
            "apply_transform",
            "transform_scale",
            "heads",
            "dim_head",
            "dropout");

    private GoldenDeepVit() {}

    static GoldenGraph build(GoldenCase golden) {
        if (golden.config().path("kind").asText().equals("module")) return module(golden);
        ModelConfig model = GoldenConfigs.model(golden, "deepvit", (m, argument, value) -> {
            if (golden.official()) put(golden, m, argument, value);
            else GoldenVit.put(m, argument, value, GoldenVit.VIT_PYTORCH);
        });
        Graph graph = model.build();
        Map<String, String> maps = GoldenVit.maps(golden, "attn_pre/", "blocks.%s.attn.probs");
        GoldenVit.maps(golden, "attn_post/", "blocks.%s.attn.")
                .forEach((name, attention) -> maps.put(name, last(graph, attention)));
        return GoldenGraph.classifier(graph, NameSchemes.of(model).reference(), maps);
    }

    /** Last tensor of the re-attention of a block, or its attention probabilities without re-attention. */
    private static String last(Graph graph, String attention) {
        return Stream.of("reatten_scale", "var_norm", "heads_first", "probs")
                .map(name -> attention + name)
                .filter(name -> graph.tensors().stream().anyMatch(t -> t.name().equals(name)))
                .findFirst()
                .orElseThrow();
    }

    private static void put(GoldenCase golden, ObjectNode model, String argument, JsonNode value) {
        JsonNode written = golden.hyperparameters().get("re_atten");
        boolean reAttention = written == null || written.asBoolean();
        switch (argument) {
            case "img_size" -> GoldenConfigs.image(model).set("size", value);
            case "in_chans" -> GoldenConfigs.image(model).set("channels", value);
            // One entry per block; the values are not used.
            case "depth" -> model.put("depth", value.isArray() ? value.size() : value.asInt());
            case "qk_scale" -> {
                if (value.asDouble() != 0) model.set("qk_scale", value);
            }
            case "drop_rate" -> model.<ObjectNode>set("pos_drop", value).set("proj_drop", value);
            case "use_cnn_embed" -> model.put("stem", value.asBoolean() ? "cnn" : "patch");
            case "apply_transform" -> {
                if (reAttention) model.set("re_attention", value);
            }
            // Without re-attention, blocks have plain attention and unscaled inputs.
            case "re_atten" -> {
                if (!reAttention) plain(golden, model);
            }
            // group is not used by any block; cos_reg only adds the maps to the training outputs.
            case "group", "cos_reg" -> {}
            default -> {
                if (!AUTHORS.containsKey(argument)) throw new AssertionError("unknown argument " + argument);
                if (reAttention || !argument.equals("scale_adjustment")) model.set(AUTHORS.get(argument), value);
            }
        }
    }

    private static void plain(GoldenCase golden, ObjectNode model) {
        JsonNode depth = golden.hyperparameters().get("depth");
        var each = model.putArray("re_attention");
        for (int i = 0; i < (depth.isArray() ? depth.size() : depth.asInt()); i++) each.add(false);
    }

    private static GoldenGraph module(GoldenCase golden) {
        Map<String, JsonNode> h = golden.hyperparameters();
        for (String argument : h.keySet()) {
            if (!MODULE.contains(argument)) throw new AssertionError("unknown argument " + argument);
        }
        int[] shape = golden.io().get("input").shape();
        Graph g = new Graph(Init.PYTORCH);
        Tensor x = g.input("input", shape[1], shape[2]);
        return golden.official() ? official(golden, g, x, h) : community(g, x, h);
    }

    private static GoldenGraph official(GoldenCase golden, Graph g, Tensor x, Map<String, JsonNode> h) {
        int heads = h.get("num_heads").asInt();
        int headDim = x.dim(1) / heads;
        JsonNode given = h.get("qk_scale");
        double scale = given == null || given.asDouble() == 0 ? 1 / Math.sqrt(headDim) : given.asDouble();
        double mapScale = flag(h, "transform_scale", false) ? scale : 1;
        boolean reAttention = flag(h, "apply_transform", true);
        JsonNode parts = h.get("expansion_ratio");
        if (parts != null && parts.asInt() != 3) throw new AssertionError("expansion_ratio must be 3, for q, k and v");

        Tensor[] maps = new Tensor[1];
        Tensor y = attention(heads, headDim, scale, flag(h, "qkv_bias", false))
                .build(g, x, w -> maps[0] = reAttention ? new BatchReAttention(mapScale).build(g, w) : w);
        g.output("output", y);
        if (golden.config().path("outputs").has("attention")) g.output("attention", maps[0]);
        return GoldenGraph.module(g, CheckpointNames.SAME, "input");
    }

    private static boolean flag(Map<String, JsonNode> given, String argument, boolean standard) {
        JsonNode value = given.get(argument);
        return value == null ? standard : value.asBoolean();
    }

    private static GoldenGraph community(Graph g, Tensor x, Map<String, JsonNode> h) {
        int headDim = h.get("dim_head").asInt();
        Tensor y = attention(h.get("heads").asInt(), headDim, 1 / Math.sqrt(headDim), false)
                .build(g, x, maps -> new LayerReAttention().build(g, maps));
        g.output("output", y);
        CheckpointNames keys = CheckpointNames.of(
                "qkv", "to_qkv",
                "reatten_matrix.kernel", "reattn_weights",
                "reattn_norm", "reattn_norm.1",
                "proj", "to_out.0");
        return GoldenGraph.module(g, keys, "input");
    }

    private static Attention attention(int heads, int headDim, double scale, boolean bias) {
        return new Attention(heads, headDim, scale, bias, OptionalDouble.empty(), true, 0, 0);
    }
}
