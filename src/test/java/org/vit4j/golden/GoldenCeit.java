package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;
import org.vit4j.layers.ActivatedLeFF;
import org.vit4j.layers.Attention;
import org.vit4j.layers.ImageToTokens;
import org.vit4j.layers.LayerwiseClassAttention;
import org.vit4j.layers.LeFF;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.models.ModelConfig;

/** Adapter for coeusguo's CeIT and rishikksh20's CeiT and their modules. */
final class GoldenCeit {
    private static final Map<String, String> AUTHORS = Map.ofEntries(
            Map.entry("patch_size", "patch_size"),
            Map.entry("num_classes", "classes"),
            Map.entry("embed_dim", "dim"),
            Map.entry("depth", "depth"),
            Map.entry("num_heads", "heads"),
            Map.entry("mlp_ratio", "mlp_ratio"),
            Map.entry("qkv_bias", "qkv_bias"),
            Map.entry("qk_scale", "qk_scale"),
            Map.entry("attn_drop_rate", "attn_drop"),
            Map.entry("drop_path_rate", "drop_path"),
            Map.entry("leff_local_size", "leff_kernel"),
            Map.entry("leff_with_bn", "leff_norm"),
            Map.entry("i2t_out_chans", "i2t_channels"),
            Map.entry("i2t_kernel_size", "i2t_kernel"),
            Map.entry("i2t_stride", "i2t_stride"));

    private static final Map<String, String> COMMUNITY = Map.ofEntries(
            Map.entry("patch_size", "patch_size"),
            Map.entry("num_classes", "classes"),
            Map.entry("dim", "dim"),
            Map.entry("depth", "depth"),
            Map.entry("heads", "heads"),
            Map.entry("pool", "pool"),
            Map.entry("out_channels", "i2t_channels"),
            Map.entry("dim_head", "head_dim"),
            Map.entry("dropout", "proj_drop"),
            Map.entry("emb_dropout", "pos_drop"),
            Map.entry("conv_kernel", "i2t_kernel"),
            Map.entry("stride", "i2t_stride"),
            Map.entry("depth_kernel", "leff_kernel"),
            Map.entry("pool_kernel", "i2t_pool"),
            Map.entry("scale_dim", "mlp_ratio"),
            Map.entry("with_lca", "lca"),
            Map.entry("lca_heads", "lca_heads"),
            Map.entry("lca_dim_head", "lca_head_dim"),
            Map.entry("lca_mlp_dim", "lca_mlp_dim"));

    private GoldenCeit() {}

    static GoldenGraph build(GoldenCase golden) {
        return switch (golden.config().path("source").path("class").asText()) {
            case "CeIT", "CeiT" -> model(golden);
            case "Image2Tokens" -> image2Tokens(golden);
            case "conv and to_patch_embedding of CeiT" -> communityStem(golden);
            case "LocallyEnhancedFeedForward" -> leff(golden);
            case "LeFF" -> communityLeff(golden);
            case "Block(feedforward_type='lca')" -> lca(golden);
            case "LCA" -> communityLca(golden);
            default -> throw new AssertionError(golden.config().path("source"));
        };
    }

    private static GoldenGraph model(GoldenCase golden) {
        Map<String, String> words = golden.official() ? AUTHORS : COMMUNITY;
        ModelConfig model = GoldenConfigs.model(golden, "ceit", (m, argument, value) -> put(m, argument, value, words));
        return GoldenGraph.classifier(model.build(), NameSchemes.of(model).reference(), Map.of());
    }

    private static void put(ObjectNode model, String argument, JsonNode value, Map<String, String> words) {
        switch (argument) {
            case "img_size", "image_size" -> GoldenConfigs.image(model).set("size", value);
            case "in_chans", "in_channels" -> GoldenConfigs.image(model).set("channels", value);
            case "drop_rate" -> {
                model.set("pos_drop", value);
                model.set("proj_drop", value);
            }
            default -> {
                if (!words.containsKey(argument)) throw new AssertionError("unknown argument " + argument);
                model.set(words.get(argument), value);
            }
        }
    }

    private static GoldenGraph image2Tokens(GoldenCase golden) {
        Map<String, JsonNode> a = golden.hyperparameters();
        GoldenCrossVit.requireKnown(a, Set.of("in_chans", "out_chans", "kernel_size", "stride"));
        Graph g = new Graph(Init.TIMM);
        int kernel = intAt(a, "kernel_size", 7);
        Window conv = Window.square(kernel, intAt(a, "stride", 2), kernel / 2);
        var stem = new ImageToTokens(intAt(a, "out_chans", 64), conv, false, Window.square(3, 2, 1));
        g.output("output", stem.build(g, image(g, golden)));
        return GoldenGraph.module(g, CheckpointNames.SAME, "input");
    }

    private static GoldenGraph communityStem(GoldenCase golden) {
        Map<String, JsonNode> a = golden.hyperparameters();
        GoldenCrossVit.requireKnown(
                a, Set.of("in_channels", "out_channels", "conv_kernel", "stride", "pool_kernel", "patch_size", "dim"));
        Graph g = new Graph(Init.PYTORCH);
        int stride = intAt(a, "stride", 2);
        Window conv = Window.square(intAt(a, "conv_kernel", 7), stride, 4);
        Window pool = Window.square(intAt(a, "pool_kernel", 3), stride, 0);
        var stem = new ImageToTokens(intAt(a, "out_channels", 32), conv, true, pool);
        Tensor map = stem.build(g, image(g, golden));
        int patch = intAt(a, "patch_size", 4);
        g.output("output", new PatchEmbed(patch, patch, intAt(a, "dim", 192), true).build(g, map));
        CheckpointNames keys = CheckpointNames.of("conv", "conv.0", "bn", "conv.1", "proj", "to_patch_embedding.1");
        return GoldenGraph.module(g, keys, "input");
    }

    /** LeFF of the patches; the class token comes first and bypasses it. */
    private static GoldenGraph leff(GoldenCase golden) {
        Map<String, JsonNode> a = golden.hyperparameters();
        GoldenCrossVit.requireKnown(
                a, Set.of("in_features", "hidden_features", "out_features", "drop", "kernel_size", "with_bn"));
        Graph g = new Graph(Init.TIMM);
        Tensor x = GoldenCrossVit.tokens(g, golden, "input");
        int hidden = intAt(a, "hidden_features", x.dim(1));
        boolean norm = !a.containsKey("with_bn") || a.get("with_bn").asBoolean();
        var leff = new LeFF(hidden, intAt(a, "kernel_size", 3), norm);
        int side = (int) Math.sqrt(x.dim(0) - 1);
        Tensor out = leff.build(g, g.slice("patches", x, 0, 1, x.dim(0)), side, side);
        g.output("output", g.concat("out", 0, g.slice("cls", x, 0, 0, 1), out));
        return GoldenGraph.module(g, CheckpointNames.SAME, "input");
    }

    private static GoldenGraph communityLeff(GoldenCase golden) {
        Map<String, JsonNode> a = golden.hyperparameters();
        GoldenCrossVit.requireKnown(a, Set.of("dim", "scale", "depth_kernel"));
        Graph g = new Graph(Init.PYTORCH);
        Tensor x = GoldenCrossVit.tokens(g, golden, "input");
        var leff = new ActivatedLeFF(x.dim(1) * intAt(a, "scale", 4), intAt(a, "depth_kernel", 3));
        int side = (int) Math.sqrt(x.dim(0));
        g.output("output", leff.build(g, x, side, side));
        CheckpointNames keys = CheckpointNames.of(
                "conv1", "up_proj.0",
                "bn1", "up_proj.2",
                "conv2", "depth_conv.0",
                "bn2", "depth_conv.1",
                "conv3", "down_proj.0",
                "bn3", "down_proj.2");
        return GoldenGraph.module(g, keys, "input");
    }

    private static GoldenGraph lca(GoldenCase golden) {
        Map<String, JsonNode> a = golden.hyperparameters();
        GoldenCrossVit.requireKnown(
                a,
                Set.of(
                        "dim",
                        "num_heads",
                        "mlp_ratio",
                        "qkv_bias",
                        "qk_scale",
                        "drop",
                        "attn_drop",
                        "drop_path",
                        "kernel_size",
                        "with_bn",
                        "feedforward_type"));
        Graph g = new Graph(Init.TIMM);
        Tensor x = GoldenCrossVit.tokens(g, golden, "input");
        int heads = intAt(a, "num_heads", 8);
        int headDim = x.dim(1) / heads;
        double ratio = a.containsKey("mlp_ratio") ? a.get("mlp_ratio").asDouble() : 4;
        boolean bias = a.containsKey("qkv_bias") && a.get("qkv_bias").asBoolean();
        JsonNode given = a.get("qk_scale");
        OptionalDouble scale =
                given == null || given.isNull() ? OptionalDouble.empty() : OptionalDouble.of(given.asDouble());
        var mlp = new Mlp((int) (x.dim(1) * ratio), Activation.GELU, 0);
        double eps = GoldenCrossVit.eps(golden, 1e-6);
        double factor = scale.orElse(1 / Math.sqrt(headDim));
        var attention = new Attention(heads, headDim, factor, bias, OptionalDouble.empty(), true, 0, 0);
        var block = new LayerwiseClassAttention(attention, mlp, eps);
        g.output("output", block.build(g, x));
        return GoldenGraph.module(g, CheckpointNames.SAME, "input");
    }

    private static GoldenGraph communityLca(GoldenCase golden) {
        Map<String, JsonNode> a = golden.hyperparameters();
        GoldenCrossVit.requireKnown(a, Set.of("dim", "heads", "dim_head", "mlp_dim", "dropout"));
        Graph g = new Graph(Init.PYTORCH);
        Tensor x = GoldenCrossVit.tokens(g, golden, "input");
        int heads = a.get("heads").asInt();
        int headDim = a.get("dim_head").asInt();
        var mlp = new Mlp(a.get("mlp_dim").asInt(), Activation.GELU, 0);
        boolean project = heads > 1 || headDim != x.dim(1);
        double eps = GoldenCrossVit.eps(golden, 1e-5);
        double scale = 1 / Math.sqrt(headDim);
        var attention = new Attention(heads, headDim, scale, false, OptionalDouble.empty(), project, 0, 0);
        var block = new LayerwiseClassAttention(attention, mlp, eps);
        g.output("output", block.build(g, x));
        CheckpointNames keys = CheckpointNames.of(
                "norm1", "layers.0.0.norm",
                "attn.qkv", "layers.0.0.fn.to_qkv",
                "attn.proj", "layers.0.0.fn.to_out.0",
                "norm2", "layers.0.1.norm",
                "feedforward.fc1", "layers.0.1.fn.net.0",
                "feedforward.fc2", "layers.0.1.fn.net.3");
        return GoldenGraph.module(g, keys, "input");
    }

    private static Tensor image(Graph g, GoldenCase golden) {
        int[] shape = golden.io().get("input").shape(); // [N, C, H, W]
        return g.input("input", shape[2], shape[3], shape[1]);
    }

    private static int intAt(Map<String, JsonNode> arguments, String name, int standard) {
        JsonNode value = arguments.get(name);
        return value == null || value.isNull() ? standard : value.asInt();
    }
}
