package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;
import org.vit4j.layers.TokenPerformer;
import org.vit4j.layers.TokenTransformer;
import org.vit4j.models.ModelConfig;

/** Adapter for the authors' T2T_ViT and vit-pytorch's T2TViT and their modules. */
final class GoldenT2tVit {
    private static final Map<String, String> AUTHORS = Map.ofEntries(
            Map.entry("tokens_type", "tokens_type"),
            Map.entry("num_classes", "classes"),
            Map.entry("embed_dim", "dim"),
            Map.entry("depth", "depth"),
            Map.entry("num_heads", "heads"),
            Map.entry("mlp_ratio", "mlp_ratio"),
            Map.entry("qkv_bias", "qkv_bias"),
            Map.entry("qk_scale", "qk_scale"),
            Map.entry("attn_drop_rate", "attn_drop"),
            Map.entry("drop_path_rate", "drop_path"),
            Map.entry("token_dim", "token_dim"));

    private static final Map<String, String> VIT_PYTORCH = Map.of(
            "num_classes", "classes",
            "dim", "dim",
            "depth", "depth",
            "heads", "heads",
            "mlp_dim", "mlp_dim",
            "dim_head", "head_dim",
            "pool", "pool",
            "dropout", "proj_drop",
            "emb_dropout", "pos_drop",
            "t2t_layers", "soft_split");

    private GoldenT2tVit() {}

    static GoldenGraph build(GoldenCase golden) {
        String name = golden.config().path("source").path("class").asText();
        if (name.startsWith("soft split")) return softSplit(golden);
        if (name.startsWith("Token_")) return tokenModule(golden);
        Map<String, String> words = golden.official() ? AUTHORS : VIT_PYTORCH;
        ModelConfig model =
                GoldenConfigs.model(golden, "t2t_vit", (m, argument, value) -> put(m, argument, value, words));
        return GoldenGraph.classifier(model.build(), NameSchemes.of(model).reference(), Map.of());
    }

    private static void put(ObjectNode model, String argument, JsonNode value, Map<String, String> words) {
        switch (argument) {
            case "img_size", "image_size" -> GoldenConfigs.image(model).set("size", value);
            case "in_chans", "channels" -> GoldenConfigs.image(model).set("channels", value);
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

    private static GoldenGraph softSplit(GoldenCase golden) {
        ModuleArguments a = new ModuleArguments(golden);
        Graph g = new Graph(Init.PYTORCH);
        int[] kernel = a.pair("kernel");
        int[] stride = a.pair("stride");
        int[] pad = a.pair("padding");
        Window window = new Window(kernel[0], kernel[1], stride[0], stride[1], pad[0], pad[1], 1);
        g.output("output", g.unfold("unfold", a.image(g, "input"), window));
        return GoldenGraph.module(g, CheckpointNames.SAME, "input");
    }

    /** Token_performer and Token_transformer of T2T-ViT and ViTAE. */
    static GoldenGraph tokenModule(GoldenCase golden) {
        ModuleArguments a = new ModuleArguments(golden);
        Graph g = new Graph(Init.TIMM);
        Tensor x = a.tokens(g, "input", a.integer("dim"));
        boolean performer =
                golden.config().path("source").path("class").asText().contains("performer");
        g.output(
                "output",
                performer ? performer(a).build(g, x) : transformer(golden, a).build(g, x));
        a.finish();
        return GoldenGraph.module(g, CheckpointNames.SAME, "input");
    }

    private static TokenPerformer performer(ModuleArguments a) {
        int width = a.integer("in_dim") * a.integer("head_cnt", 1);
        double drop = Math.max(a.number("dp1", 0.1), a.number("dp2", 0.1));
        return new TokenPerformer(width, (int) (width * a.number("kernel_ratio", 0.5)), drop);
    }

    private static TokenTransformer transformer(GoldenCase golden, ModuleArguments a) {
        int heads = a.integer("num_heads");
        int width = a.integer("in_dim");
        int scaleDim = (golden.architecture().equals("ViTAE") ? width : a.integer("dim")) / heads;
        return new TokenTransformer(
                width,
                heads,
                a.number("qk_scale", 1 / Math.sqrt(scaleDim)),
                (int) (width * a.number("mlp_ratio", 1)),
                a.flag("qkv_bias", false),
                a.number("drop", 0),
                a.number("attn_drop", 0),
                a.number("drop_path", 0));
    }
}
