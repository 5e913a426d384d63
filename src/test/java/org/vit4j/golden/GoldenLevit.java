package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.vit4j.backend.LossInputs;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.LevitAttention;
import org.vit4j.layers.SeparateLevitAttention;
import org.vit4j.models.ModelConfig;
import org.vit4j.train.LossFunctions;
import org.vit4j.train.SoftTargets;

/** Adapter for timm's Levit and LevitDistilled, vit-pytorch's LeViT, and the attention modules of both. */
final class GoldenLevit {
    private GoldenLevit() {}

    static GoldenGraph build(GoldenCase golden) {
        if (golden.name().startsWith("mod_")) return golden.official() ? fusedQkv(golden) : separateQkv(golden);
        ModelConfig model = GoldenConfigs.model(golden, "levit", (m, argument, value) -> {
            if (golden.official()) timm(m, argument, value);
            else community(golden, m, argument, value);
        });
        Graph graph = model.build();
        if (graph.outputs().size() == 1)
            return GoldenGraph.classifier(graph, NameSchemes.of(model).reference(), Map.of());
        Map<String, String> heads = golden.official()
                ? Map.of("logits_cls", name(graph, "logits_class"), "logits_dist", name(graph, "logits_distill"))
                : Map.of("logits", name(graph, "logits_class"), "logits_distill", name(graph, "logits_distill"));
        Map<String, String> evaluated = new java.util.HashMap<>(heads);
        evaluated.put("logits", name(graph, "logits"));
        List<GoldenGraph.GoldenLoss> losses = List.of(new GoldenGraph.GoldenLoss("", GoldenLevit::distillation));
        return new GoldenGraph(
                graph, NameSchemes.of(model).reference(), Map.of("input", "image"), evaluated, heads, losses, Map.of());
    }

    private static String name(Graph graph, String output) {
        return graph.outputs().get(output).name();
    }

    /** Cross entropy of both heads; the targets of the second are the teacher's predictions. */
    private static SDVariable distillation(LossInputs network, GoldenCase golden) {
        double alpha = golden.hyperparameters().containsKey("alpha")
                ? golden.hyperparameters().get("alpha").asDouble()
                : 0.5;
        SDVariable labels = GoldenLosses.labels(network, golden);
        SDVariable classLoss = LossFunctions.crossEntropy(network.sd(), network.output("logits_class"), labels);
        int classes = network.graph().outputs().get("logits_distill").shape().last();
        int[] predictions = golden.tensor("teacher_logits").argMax(1).toIntVector();
        SDVariable targets = network.sd().constant(SoftTargets.smoothed(predictions, classes, 0));
        SDVariable distillLoss = LossFunctions.crossEntropy(network.sd(), network.output("logits_distill"), targets);
        return classLoss.mul(1 - alpha).add(distillLoss.mul(alpha));
    }

    private static final Map<String, String> TIMM = Map.of(
            "num_classes", "classes",
            "embed_dim", "dim",
            "key_dim", "key_dim",
            "depth", "depth",
            "num_heads", "heads",
            "attn_ratio", "attn_ratio",
            "mlp_ratio", "mlp_ratio",
            "stem_type", "stem",
            "drop_rate", "head_drop",
            "drop_path_rate", "drop_path");

    private static void timm(ObjectNode model, String argument, JsonNode value) {
        switch (argument) {
            case "img_size" -> GoldenConfigs.image(model).set("size", value);
            case "in_chans" -> GoldenConfigs.image(model).set("channels", value);
            case "act_layer" -> model.put("activation", activation(value.asText()));
            case "attn_act_layer" -> model.put("attn_activation", activation(value.asText()));
            case "distilled" -> model.set("distilled", value);
            case "down_op" -> requireValue(argument, value, "subsample");
            case "global_pool" -> requireValue(argument, value, "avg");
            // use_conv replaces dense layers by equivalent 1x1 convolutions; alpha belongs to the loss.
            case "use_conv", "alpha" -> {}
            default -> put(model, argument, value, TIMM);
        }
    }

    private static final Map<String, String> VIT_PYTORCH = Map.of(
            "num_classes", "classes",
            "stages", "stages",
            "dim", "dim",
            "depth", "depth",
            "heads", "heads",
            "mlp_mult", "mlp_ratio",
            "dim_key", "key_dim",
            "dim_value", "value_dim",
            "dropout", "proj_drop");

    private static void community(GoldenCase golden, ObjectNode model, String argument, JsonNode value) {
        switch (argument) {
            case "image_size" -> GoldenConfigs.image(model).set("size", value);
            case "num_distill_classes" -> model.put("distilled", true).set("distill_classes", value);
            case "dim", "depth", "heads" ->
                model.set(
                        argument,
                        padded(value, golden.hyperparameters().get("stages").asInt(3)));
            default -> put(model, argument, value, VIT_PYTORCH);
        }
    }

    /** Extends short lists with their last value, like the reference. */
    private static JsonNode padded(JsonNode value, int stages) {
        if (!(value instanceof ArrayNode given)) return value;
        ArrayNode all = given.deepCopy();
        while (all.size() < stages) all.add(all.get(all.size() - 1));
        return all;
    }

    private static void put(ObjectNode model, String argument, JsonNode value, Map<String, String> words) {
        if (!words.containsKey(argument)) throw new AssertionError("unknown argument " + argument);
        model.set(words.get(argument), value);
    }

    private static void requireValue(String argument, JsonNode value, String only) {
        if (!value.asText().equals(only)) throw new AssertionError(argument + " is " + value);
    }

    private static String activation(String timm) {
        return switch (timm) {
            case "hard_swish", "gelu", "relu", "silu" -> timm;
            case "swish" -> "silu";
            default -> throw new AssertionError("unknown activation " + timm);
        };
    }

    /** timm's Attention and AttentionDownsample of tokens [T, D], or of an image if they use convolutions. */
    private static GoldenGraph fusedQkv(GoldenCase golden) {
        Map<String, JsonNode> given = golden.hyperparameters();
        requireKnown(given, List.of("dim", "in_dim", "out_dim", "key_dim", "num_heads", "attn_ratio", "resolution"));
        boolean down = given.containsKey("in_dim");
        int[] side = side(given.get("resolution"));
        int in = given.get(down ? "in_dim" : "dim").asInt();
        int keyDim = given.get("key_dim").asInt();
        int value = (int)
                (given.containsKey("attn_ratio")
                        ? given.get("attn_ratio").asDouble() * keyDim
                        : (down ? 2 : 4) * keyDim);
        int heads = given.containsKey("num_heads") ? given.get("num_heads").asInt() : 8;
        int stride =
                !down ? 1 : given.containsKey("stride") ? given.get("stride").asInt() : 2;
        int out = down ? given.get("out_dim").asInt() : in;
        JsonNode found =
                golden.config().path("layers").path("activation_modules").path(0);
        Activation activation = found.asText().equals("Hardswish")
                ? Activation.HARD_SWISH
                : Activation.valueOf(found.asText("SiLU").toUpperCase(java.util.Locale.ROOT));
        var attention = new LevitAttention(heads, keyDim, value, out, stride, activation);

        Graph g = new Graph(Init.PYTORCH);
        boolean image = given.containsKey("use_conv") && given.get("use_conv").asBoolean();
        Tensor x = image ? g.input("input", side[0], side[1], in) : g.input("input", side[0] * side[1], in);
        Tensor tokens = image ? g.reshape("tokens", x, side[0] * side[1], in) : x;
        Tensor y = attention.build(g, tokens, side[0], side[1]);
        g.output("output", image ? grid(g, y, side, stride) : y);
        return GoldenGraph.module(g, CheckpointNames.SAME, "input");
    }

    /** vit-pytorch's Attention of an image. */
    private static GoldenGraph separateQkv(GoldenCase golden) {
        Map<String, JsonNode> given = golden.hyperparameters();
        requireKnown(
                given,
                List.of("dim", "fmap_size", "heads", "dim_key", "dim_value", "dropout", "dim_out", "downsample"));
        int size = given.get("fmap_size").asInt();
        int in = given.get("dim").asInt();
        int out = given.containsKey("dim_out") && !given.get("dim_out").isNull()
                ? given.get("dim_out").asInt()
                : in;
        int stride = given.containsKey("downsample") && given.get("downsample").asBoolean() ? 2 : 1;
        int heads = given.containsKey("heads") ? given.get("heads").asInt() : 8;
        int key = given.containsKey("dim_key") ? given.get("dim_key").asInt() : 32;
        int value = given.containsKey("dim_value") ? given.get("dim_value").asInt() : 64;
        var attention = new SeparateLevitAttention(heads, key, value, out, stride, Activation.GELU);

        Graph g = new Graph(Init.PYTORCH);
        Tensor x = g.input("input", size, size, in);
        Tensor y = attention.build(g, g.reshape("tokens", x, size * size, in), size, size);
        g.output("output", grid(g, y, new int[] {size, size}, stride));
        CheckpointNames keys = CheckpointNames.of(
                "q.linear", "to_q.0",
                "q.bn", "to_q.1",
                "k.linear", "to_k.0",
                "k.bn", "to_k.1",
                "v.linear", "to_v.0",
                "v.bn", "to_v.1",
                "proj.ln.linear", "to_out.1",
                "proj.ln.bn", "to_out.2",
                "attention_biases", "pos_bias.weight^T");
        return GoldenGraph.module(g, keys, "input");
    }

    private static Tensor grid(Graph g, Tensor tokens, int[] side, int stride) {
        return g.reshape("out", tokens, (side[0] - 1) / stride + 1, (side[1] - 1) / stride + 1, tokens.dim(1));
    }

    private static int[] side(JsonNode resolution) {
        if (resolution == null) return new int[] {14, 14};
        return resolution.isArray()
                ? new int[] {resolution.get(0).asInt(), resolution.get(1).asInt()}
                : new int[] {resolution.asInt(), resolution.asInt()};
    }

    private static void requireKnown(Map<String, JsonNode> given, List<String> known) {
        for (var argument : given.entrySet()) {
            boolean optional = List.of("stride", "use_conv", "act_layer").contains(argument.getKey());
            boolean unused =
                    argument.getKey().equals("use_pool") && !argument.getValue().asBoolean();
            if (!known.contains(argument.getKey()) && !optional && !unused) {
                throw new AssertionError("unknown argument " + argument);
            }
        }
    }
}
