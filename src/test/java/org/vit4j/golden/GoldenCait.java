package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.AttentionHeads;
import org.vit4j.layers.LayerScaleBlock;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.PreNorm;
import org.vit4j.layers.TalkingHeads;
import org.vit4j.layers.TalkingHeads.Mixing;
import org.vit4j.layers.TalkingHeads.Products;
import org.vit4j.models.ModelConfig;

/** Adapter for timm's Cait and vit-pytorch's CaiT and their blocks. */
final class GoldenCait {
    private static final Map<String, String> TIMM = Map.ofEntries(
            Map.entry("patch_size", "patch_size"),
            Map.entry("num_classes", "classes"),
            Map.entry("embed_dim", "dim"),
            Map.entry("depth", "depth"),
            Map.entry("num_heads", "heads"),
            Map.entry("mlp_ratio", "mlp_ratio"),
            Map.entry("qkv_bias", "qkv_bias"),
            Map.entry("init_values", "layer_scale"),
            Map.entry("depth_token_only", "class_depth"),
            Map.entry("mlp_ratio_token_only", "class_mlp_ratio"),
            Map.entry("drop_rate", "head_drop"),
            Map.entry("pos_drop_rate", "pos_drop"),
            Map.entry("proj_drop_rate", "proj_drop"),
            Map.entry("attn_drop_rate", "attn_drop"),
            Map.entry("drop_path_rate", "drop_path"));

    private static final Map<String, String> VIT_PYTORCH = Map.of(
            "patch_size", "patch_size",
            "num_classes", "classes",
            "dim", "dim",
            "depth", "depth",
            "cls_depth", "class_depth",
            "heads", "heads",
            "mlp_dim", "mlp_dim",
            "dim_head", "head_dim",
            "dropout", "proj_drop",
            "emb_dropout", "pos_drop");

    private static final Mixing MATRIX = new Mixing(false, Init.ZEROS);
    private static final Mixing LINEAR = new Mixing(true, Init.ZEROS);

    private GoldenCait() {}

    static GoldenGraph build(GoldenCase golden) {
        return switch (golden.config().path("source").path("class").asText()) {
            case "Cait", "CaiT" -> model(golden);
            case "TalkingHeadAttn" -> talkingHeads(golden);
            case "LayerScaleBlockClassAttn" -> classBlock(golden);
            case "LayerScale(PreNorm(Attention))" -> community(golden);
            default -> throw new AssertionError(golden.config().path("source"));
        };
    }

    private static GoldenGraph model(GoldenCase golden) {
        Map<String, String> words = golden.official() ? TIMM : VIT_PYTORCH;
        ModelConfig model = GoldenConfigs.model(golden, "cait", (m, argument, value) -> put(m, argument, value, words));
        Map<String, String> maps = new LinkedHashMap<>();
        maps.putAll(GoldenVit.maps(golden, "attn/patch.", "blocks.%s.attn.probs"));
        maps.putAll(GoldenVit.maps(golden, "attn_post/patch.", "blocks.%s.attn.proj_w"));
        maps.putAll(GoldenVit.maps(golden, "attn/cls.", "blocks_token_only.%s.attn.probs"));
        maps.putAll(GoldenVit.maps(golden, "attn_post/cls.", "blocks_token_only.%s.attn.proj_w"));
        return GoldenGraph.classifier(model.build(), NameSchemes.of(model).reference(), maps);
    }

    private static void put(ObjectNode model, String argument, JsonNode value, Map<String, String> words) {
        switch (argument) {
            case "img_size", "image_size" -> GoldenConfigs.image(model).set("size", value);
            case "in_chans" -> GoldenConfigs.image(model).set("channels", value);
            case "global_pool" -> model.put("pool", value.asText().equals("avg") ? "mean" : "cls");
            // The reference also drops layers in evaluation, so goldens have a rate of 0.
            case "layer_dropout" -> model.set("layer_dropout", value);
            default -> {
                if (!words.containsKey(argument)) throw new AssertionError("unknown argument " + argument);
                model.set(words.get(argument), value);
            }
        }
    }

    private static GoldenGraph talkingHeads(GoldenCase golden) {
        Arguments a = new Arguments(golden);
        int dim = a.intAt("dim");
        int heads = a.intAt("num_heads", 8);
        var attention = new TalkingHeads(
                new AttentionHeads(heads, dim / heads),
                Products.QKV,
                a.boolAt("qkv_bias", false),
                Optional.of(LINEAR),
                a.doubleAt("attn_drop", 0),
                a.doubleAt("proj_drop", 0));
        a.finish();
        Graph g = new Graph(Init.PYTORCH);
        Tensor x = input(g, golden, "input");
        g.output("output", attention.build(g, x, x));
        return GoldenGraph.module(g, CheckpointNames.SAME, "input");
    }

    private static GoldenGraph classBlock(GoldenCase golden) {
        Arguments a = new Arguments(golden);
        int dim = a.intAt("dim");
        int heads = a.intAt("num_heads");
        double drop = a.doubleAt("proj_drop", 0);
        var attention = new TalkingHeads(
                new AttentionHeads(heads, dim / heads),
                Products.Q_K_V,
                a.boolAt("qkv_bias", false),
                Optional.empty(),
                a.doubleAt("attn_drop", 0),
                drop);
        var mlp = new Mlp((int) (dim * a.doubleAt("mlp_ratio", 4)), Activation.GELU, drop);
        var block = new LayerScaleBlock(
                attention,
                mlp,
                PreNorm.scaled(a.eps(), a.doubleAt("init_values", 1e-4)),
                true,
                a.doubleAt("drop_path", 0));
        a.finish();
        Graph g = new Graph(Init.PYTORCH);
        Tensor patches = input(g, golden, "input");
        Tensor cls = input(g, golden, "cls");
        g.output("output", block.build(g, cls, patches, new LayerScaleBlock.LayerIndex("blocks", 0, 1, 0)));
        CheckpointNames keys = CheckpointNames.of("ls1.gamma", "gamma_1", "ls2.gamma", "gamma_2");
        return GoldenGraph.module(g, keys, "input", "cls");
    }

    /** Attention branch of patches or, with a context, of a class token. */
    private static GoldenGraph community(GoldenCase golden) {
        Arguments a = new Arguments(golden);
        a.intAt("dim");
        boolean context = a.boolAt("with_context", false);
        var attention = new TalkingHeads(
                new AttentionHeads(a.intAt("heads", 8), a.intAt("dim_head", 64)),
                Products.Q_KV,
                false,
                Optional.of(MATRIX),
                0,
                a.doubleAt("dropout", 0));
        a.intAt("depth", 1); // only selects the initial scale
        a.finish();
        var block =
                new LayerScaleBlock(attention, new Mlp(1, Activation.GELU, 0), PreNorm.scaled(a.eps(), 0.1), false, 0);
        Graph g = new Graph(Init.PYTORCH);
        Tensor x = input(g, golden, "input");
        g.output("output", context ? block.attend(g, x, input(g, golden, "context")) : block.attend(g, x));
        CheckpointNames keys = CheckpointNames.of(
                "ls1.gamma", "scale",
                "norm1", "fn.norm",
                "attn.q", "fn.fn.to_q",
                "attn.kv", "fn.fn.to_kv",
                "attn.proj_l.kernel", "fn.fn.mix_heads_pre_attn",
                "attn.proj_w.kernel", "fn.fn.mix_heads_post_attn",
                "attn.proj", "fn.fn.to_out.0");
        return context ? GoldenGraph.module(g, keys, "input", "context") : GoldenGraph.module(g, keys, "input");
    }

    /** Adds an input of tokens, [N, T, D] in the golden. */
    static Tensor input(Graph g, GoldenCase golden, String name) {
        int[] shape = golden.io().get(name).shape();
        return g.input(name, shape[1], shape[2]);
    }
}
