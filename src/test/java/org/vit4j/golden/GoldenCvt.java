package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Set;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;
import org.vit4j.layers.ConvAttention;
import org.vit4j.layers.ConvEmbed;
import org.vit4j.models.ModelConfig;

/** Arguments of Microsoft's ConvolutionalVisionTransformer, of vit-pytorch's CvT, and of Microsoft's modules. */
final class GoldenCvt {
    private static final Map<String, String> MICROSOFT = Map.ofEntries(
            Map.entry("num_classes", "classes"),
            Map.entry("PATCH_SIZE", "patch_size"),
            Map.entry("PATCH_STRIDE", "patch_stride"),
            Map.entry("PATCH_PADDING", "patch_padding"),
            Map.entry("DIM_EMBED", "dim"),
            Map.entry("NUM_HEADS", "heads"),
            Map.entry("DEPTH", "depth"),
            Map.entry("MLP_RATIO", "mlp_ratio"),
            Map.entry("ATTN_DROP_RATE", "attn_drop"),
            Map.entry("DROP_PATH_RATE", "drop_path"),
            Map.entry("QKV_BIAS", "qkv_bias"),
            Map.entry("CLS_TOKEN", "class_token"),
            Map.entry("QKV_PROJ_METHOD", "projection"),
            Map.entry("KERNEL_QKV", "qkv_kernel"),
            Map.entry("PADDING_KV", "kv_padding"),
            Map.entry("STRIDE_KV", "kv_stride"),
            Map.entry("PADDING_Q", "q_padding"),
            Map.entry("STRIDE_Q", "q_stride"),
            Map.entry("init", "init"),
            Map.entry("INIT", "init"));

    /** Arguments without the prefix of the stage, {@code s1_}. */
    private static final Map<String, String> VIT_PYTORCH = Map.of(
            "emb_dim", "dim",
            "emb_kernel", "patch_size",
            "emb_stride", "patch_stride",
            "proj_kernel", "qkv_kernel",
            "kv_proj_stride", "kv_stride",
            "heads", "heads",
            "depth", "depth",
            "mlp_mult", "mlp_ratio");

    private GoldenCvt() {}

    static GoldenGraph build(GoldenCase golden) {
        if (golden.name().startsWith("mod_")) return module(golden);
        ModelConfig model = GoldenConfigs.model(golden, "cvt", (m, argument, value) -> {
            if (golden.official()) microsoft(golden, m, argument, value);
            else community(golden, m, argument, value);
        });
        return GoldenGraph.classifier(model.build(), NameSchemes.of(model).reference(), Map.of());
    }

    private static void microsoft(GoldenCase golden, ObjectNode model, String argument, JsonNode value) {
        switch (argument) {
            case "image_size" -> image(golden, model);
            case "in_chans" -> GoldenConfigs.image(model).set("channels", value);
            // Lists may have more entries than stages.
            case "NUM_STAGES", "spec" -> {}
            case "POS_EMBED" ->
                value.forEach(each -> {
                    if (each.asBoolean()) throw new AssertionError("the reference has no position embedding");
                });
            case "DROP_RATE" -> {
                model.set("pos_drop", stages(golden, value));
                model.set("proj_drop", stages(golden, value));
            }
            default -> {
                if (!MICROSOFT.containsKey(argument)) throw new AssertionError("unknown argument " + argument);
                model.set(MICROSOFT.get(argument), stages(golden, value));
            }
        }
    }

    private static JsonNode stages(GoldenCase golden, JsonNode value) {
        if (!(value instanceof ArrayNode list)) return value;
        int stages = golden.hyperparameters().get("NUM_STAGES").asInt();
        ArrayNode some = list.deepCopy();
        while (some.size() > stages) some.remove(some.size() - 1);
        return some;
    }

    private static void community(GoldenCase golden, ObjectNode model, String argument, JsonNode value) {
        image(golden, model);
        if (argument.equals("num_classes")) {
            model.set("classes", value);
        } else if (argument.equals("dropout")) {
            model.set("proj_drop", value);
        } else if (argument.matches("s[123]_.*") && VIT_PYTORCH.containsKey(argument.substring(3))) {
            ArrayNode all = model.withArray(VIT_PYTORCH.get(argument.substring(3)));
            while (all.size() < 3) all.addNull();
            all.set(argument.charAt(1) - '1', value);
        } else {
            throw new AssertionError("unknown argument " + argument);
        }
    }

    /** Sets the image size from the golden's input, because the reference accepts any size. */
    private static void image(GoldenCase golden, ObjectNode model) {
        int[] shape = golden.io().get("input").shape();
        GoldenConfigs.image(model).putArray("size").add(shape[2]).add(shape[3]);
        GoldenConfigs.image(model).put("channels", shape[1]);
    }

    private static GoldenGraph module(GoldenCase golden) {
        String reference = golden.config().path("source").path("class").asText();
        return switch (reference) {
            case "ConvEmbed" -> embed(golden);
            case "Attention" -> attention(golden);
            default -> throw new AssertionError(reference + ": unknown module");
        };
    }

    private static GoldenGraph embed(GoldenCase golden) {
        Map<String, JsonNode> given = golden.hyperparameters();
        requireKnown(given, Set.of("patch_size", "in_chans", "embed_dim", "stride", "padding", "norm", "norm_layer"));
        JsonNode patch = given.get("patch_size");
        int height = patch == null ? 7 : patch.isArray() ? patch.get(0).asInt() : patch.asInt();
        int width = patch == null ? 7 : patch.isArray() ? patch.get(1).asInt() : patch.asInt();
        int stride = integer(given, "stride", 4);
        int padding = integer(given, "padding", 2);
        boolean norm = given.containsKey("norm") && given.get("norm").asBoolean();
        int[] shape = golden.io().get("input").shape();
        Graph g = new Graph(Init.PYTORCH);
        Tensor x = g.input("input", shape[2], shape[3], shape[1]);
        Window window = new Window(height, width, stride, stride, padding, padding, 1);
        double eps =
                golden.config().path("layers").path("LayerNorm_eps").path(0).asDouble(1e-5);
        Tensor y = ConvEmbed.build(g, x, integer(given, "embed_dim", 64), window);
        g.output("output", norm ? g.layerNorm("norm", y, eps) : y);
        return GoldenGraph.module(g, CheckpointNames.SAME, "input");
    }

    private static GoldenGraph attention(GoldenCase golden) {
        Map<String, JsonNode> given = golden.hyperparameters();
        requireKnown(
                given,
                Set.of(
                        "dim_in",
                        "dim_out",
                        "num_heads",
                        "qkv_bias",
                        "attn_drop",
                        "proj_drop",
                        "method",
                        "kernel_size",
                        "stride_kv",
                        "stride_q",
                        "padding_kv",
                        "padding_q",
                        "with_cls_token",
                        "grid"));
        String method = given.containsKey("method") ? given.get("method").asText() : "dw_bn";
        int kernel = integer(given, "kernel_size", 3);
        int dim = integer(given, "dim_out", 0);
        boolean classToken = !given.containsKey("with_cls_token")
                || given.get("with_cls_token").asBoolean();
        int height = given.get("grid").get(0).asInt();
        int width = given.get("grid").get(1).asInt();
        var attention = new ConvAttention(
                integer(given, "num_heads", 0),
                dim,
                1 / Math.sqrt(dim),
                given.containsKey("qkv_bias") && given.get("qkv_bias").asBoolean(),
                ConvAttention.ProjectionMethod.valueOf(method.toUpperCase(java.util.Locale.ROOT)),
                Window.square(kernel, integer(given, "stride_q", 1), integer(given, "padding_q", 1)),
                Window.square(kernel, integer(given, "stride_kv", 1), integer(given, "padding_kv", 1)),
                0,
                0);
        Graph g = new Graph(Init.PYTORCH);
        Tensor x = g.input("input", height * width + (classToken ? 1 : 0), integer(given, "dim_in", 0));
        g.output("output", attention.build(g, x, height, width, classToken));
        return GoldenGraph.module(g, CheckpointNames.SAME, "input");
    }

    private static int integer(Map<String, JsonNode> given, String argument, int standard) {
        return given.containsKey(argument) ? given.get(argument).asInt() : standard;
    }

    private static void requireKnown(Map<String, JsonNode> given, Set<String> known) {
        for (String argument : given.keySet()) {
            if (!known.contains(argument)) throw new AssertionError("unknown argument " + argument);
        }
    }
}
