package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.Attention;
import org.vit4j.layers.CrossTransformer;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.MultiScaleBlock;
import org.vit4j.layers.PreNorm;
import org.vit4j.layers.TransformerBlock;
import org.vit4j.models.ModelConfig;

/** Adapter for timm's CrossVit and MultiScaleBlock and vit-pytorch's CrossViT and CrossTransformer. */
final class GoldenCrossVit {
    private static final Map<String, String> TIMM = Map.ofEntries(
            Map.entry("img_scale", "image_scale"),
            Map.entry("patch_size", "patch_size"),
            Map.entry("num_classes", "classes"),
            Map.entry("embed_dim", "dim"),
            Map.entry("depth", "depth"),
            Map.entry("num_heads", "heads"),
            Map.entry("mlp_ratio", "mlp_ratio"),
            Map.entry("multi_conv", "multi_conv"),
            Map.entry("crop_scale", "crop_scale"),
            Map.entry("qkv_bias", "qkv_bias"),
            Map.entry("drop_rate", "head_drop"),
            Map.entry("pos_drop_rate", "pos_drop"),
            Map.entry("proj_drop_rate", "proj_drop"),
            Map.entry("attn_drop_rate", "attn_drop"),
            Map.entry("drop_path_rate", "drop_path"));

    private static final Map<String, String> VIT_PYTORCH = Map.of(
            "num_classes", "classes",
            "cross_attn_heads", "cross_heads",
            "cross_attn_dim_head", "cross_head_dim",
            "dropout", "proj_drop",
            "emb_dropout", "pos_drop");

    /** Argument pairs such as {@code sm_dim} and {@code lg_dim} of vit-pytorch, which are lists in the config. */
    private static final Map<String, String> PAIRS = Map.of(
            "dim", "dim",
            "patch_size", "patch_size",
            "enc_heads", "heads",
            "enc_mlp_dim", "mlp_dim",
            "enc_dim_head", "head_dim");

    private GoldenCrossVit() {}

    static GoldenGraph build(GoldenCase golden) {
        return switch (golden.config().path("source").path("class").asText()) {
            case "CrossVit", "CrossViT" -> model(golden);
            case "MultiScaleBlock" -> multiScale(golden);
            case "CrossTransformer" -> crossTransformer(golden);
            default -> throw new AssertionError(golden.config().path("source"));
        };
    }

    private static GoldenGraph model(GoldenCase golden) {
        ModelConfig model = GoldenConfigs.model(golden, "crossvit", (m, argument, value) -> {
            if (golden.official()) putTimm(m, argument, value);
            else putVitPytorch(m, argument, value, golden.hyperparameters());
        });
        return GoldenGraph.classifier(model.build(), NameSchemes.of(model).reference(), Map.of());
    }

    private static void putTimm(ObjectNode model, String argument, JsonNode value) {
        switch (argument) {
            case "img_size" -> GoldenConfigs.image(model).set("size", value);
            case "in_chans" -> GoldenConfigs.image(model).set("channels", value);
            case "global_pool" -> model.put("pool", value.asText().equals("avg") ? "mean" : "cls");
            default -> {
                if (!TIMM.containsKey(argument)) throw new AssertionError("unknown argument " + argument);
                model.set(TIMM.get(argument), value);
            }
        }
    }

    private static void putVitPytorch(
            ObjectNode model, String argument, JsonNode value, Map<String, JsonNode> arguments) {
        String suffix = argument.length() > 3 ? argument.substring(3) : "";
        if (argument.equals("image_size")) {
            GoldenConfigs.image(model).set("size", value);
        } else if (argument.matches("depth|sm_enc_depth|lg_enc_depth|cross_attn_depth")) {
            if (!model.has("depth")) depth(model.putArray("depth"), arguments);
        } else if (argument.matches("(sm|lg)_.*") && PAIRS.containsKey(suffix)) {
            int[] standard = standard(PAIRS.get(suffix));
            ArrayNode pair = model.putArray(PAIRS.get(suffix));
            pair.add(intAt(arguments, "sm_" + suffix, standard[0])).add(intAt(arguments, "lg_" + suffix, standard[1]));
        } else {
            if (!VIT_PYTORCH.containsKey(argument)) throw new AssertionError("unknown argument " + argument);
            model.set(VIT_PYTORCH.get(argument), value);
        }
    }

    private static void depth(ArrayNode stages, Map<String, JsonNode> arguments) {
        for (int i = 0; i < intAt(arguments, "depth", 3); i++) {
            stages.addArray()
                    .add(intAt(arguments, "sm_enc_depth", 1))
                    .add(intAt(arguments, "lg_enc_depth", 4))
                    .add(intAt(arguments, "cross_attn_depth", 2));
        }
    }

    private static int[] standard(String key) {
        return switch (key) {
            case "dim" -> new int[] {192, 384};
            case "patch_size" -> new int[] {12, 16};
            case "heads" -> new int[] {8, 8};
            case "mlp_dim" -> new int[] {2048, 2048};
            case "head_dim" -> new int[] {64, 64};
            default -> throw new AssertionError(key);
        };
    }

    private static int intAt(Map<String, JsonNode> arguments, String name, int standard) {
        return arguments.containsKey(name) ? arguments.get(name).asInt() : standard;
    }

    private static GoldenGraph multiScale(GoldenCase golden) {
        Map<String, JsonNode> a = golden.hyperparameters();
        requireKnown(
                a,
                Set.of(
                        "dim",
                        "patches",
                        "depth",
                        "num_heads",
                        "mlp_ratio",
                        "qkv_bias",
                        "proj_drop",
                        "attn_drop",
                        "drop_path"));
        List<Integer> depth = ints(a.get("depth"));
        List<Integer> dim = ints(a.get("dim"));
        List<Integer> hidden = new ArrayList<>();
        for (int b = 0; b < 2; b++) {
            hidden.add((int) (dim.get(b) * a.get("mlp_ratio").get(b).asDouble()));
        }
        boolean bias = a.containsKey("qkv_bias") && a.get("qkv_bias").asBoolean();
        List<Integer> heads = ints(a.get("num_heads"));
        List<TransformerBlock> blocks = new ArrayList<>();
        for (int b = 0; b < 2; b++) {
            int d = dim.get(b) / heads.get(b);
            double scale = 1 / Math.sqrt(d);
            var attention = new Attention(heads.get(b), d, scale, bias, OptionalDouble.empty(), true, 0, 0);
            var mlp = new Mlp(hidden.get(b), Activation.GELU, 0);
            blocks.add(new TransformerBlock(attention, mlp, PreNorm.plain(eps(golden, 1e-6))));
        }
        var block = new MultiScaleBlock(depth.subList(0, 2), depth.get(2), blocks);
        Graph g = new Graph(Init.TIMM);
        List<Tensor> out = block.build(
                g,
                List.of(tokens(g, golden, "input_0"), tokens(g, golden, "input_1")),
                Collections.nCopies(block.length(), 0.0));
        g.output("output_0", out.get(0));
        g.output("output_1", out.get(1));
        return GoldenGraph.module(g, CheckpointNames.SAME, "input_0", "input_1");
    }

    private static GoldenGraph crossTransformer(GoldenCase golden) {
        Map<String, JsonNode> a = golden.hyperparameters();
        requireKnown(a, Set.of("sm_dim", "lg_dim", "depth", "heads", "dim_head", "dropout"));
        var block = new CrossTransformer(
                intAt(a, "depth", 1), intAt(a, "heads", 8), intAt(a, "dim_head", 64), eps(golden, 1e-5), 0);
        Graph g = new Graph(Init.PYTORCH);
        Tensor small = tokens(g, golden, "sm_tokens");
        Tensor large = tokens(g, golden, "lg_tokens");
        List<Tensor> out = block.build(g.scope("layers"), small, large);
        g.output("sm_tokens_out", out.get(0));
        g.output("lg_tokens_out", out.get(1));
        String cross = "layers.{i}.{i}";
        CheckpointNames keys = CheckpointNames.of(
                cross + ".norm", cross + ".fn.norm",
                cross + ".attn.wq", cross + ".fn.fn.to_q",
                cross + ".attn.wkv", cross + ".fn.fn.to_kv",
                cross + ".attn.proj", cross + ".fn.fn.to_out.0");
        return GoldenGraph.module(g, keys, "sm_tokens", "lg_tokens");
    }

    static Tensor tokens(Graph g, GoldenCase golden, String name) {
        int[] shape = golden.io().get(name).shape();
        return g.input(name, shape[1], shape[2]);
    }

    static double eps(GoldenCase golden, double standard) {
        JsonNode eps = golden.config().path("layers").path("LayerNorm_eps");
        return eps.size() == 1 ? eps.get(0).asDouble() : standard;
    }

    /** Fails for an argument that is not in {@code names}. */
    static void requireKnown(Map<String, JsonNode> arguments, Set<String> names) {
        for (String name : arguments.keySet()) {
            if (!names.contains(name)) throw new AssertionError("unknown argument " + name);
        }
    }

    private static List<Integer> ints(JsonNode list) {
        List<Integer> ints = new ArrayList<>();
        list.forEach(value -> ints.add(value.asInt()));
        return ints;
    }
}
