package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.LossInputs;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.ConvHeadPooling;
import org.vit4j.layers.SeparableHeadPooling;
import org.vit4j.models.ModelConfig;
import org.vit4j.train.LossFunctions;
import org.vit4j.train.SoftTargets;

/** Adapter for timm's PoolingVisionTransformer and vit-pytorch's PiT and their pooling modules. */
final class GoldenPit {
    private static final Map<String, String> TIMM = Map.ofEntries(
            Map.entry("patch_size", "patch_size"),
            Map.entry("stride", "stride"),
            Map.entry("num_classes", "classes"),
            Map.entry("base_dims", "head_dim"),
            Map.entry("depth", "depth"),
            Map.entry("heads", "heads"),
            Map.entry("mlp_ratio", "mlp_ratio"),
            Map.entry("distilled", "distilled"),
            Map.entry("drop_rate", "head_drop"),
            Map.entry("pos_drop_drate", "pos_drop"), // spelled like this in the reference
            Map.entry("proj_drop_rate", "proj_drop"),
            Map.entry("attn_drop_rate", "attn_drop"),
            Map.entry("drop_path_rate", "drop_path"));

    private static final Map<String, String> VIT_PYTORCH = Map.of(
            "patch_size", "patch_size",
            "num_classes", "classes",
            "dim", "dim",
            "depth", "depth",
            "heads", "heads",
            "mlp_dim", "mlp_dim",
            "dim_head", "head_dim",
            "dropout", "proj_drop",
            "emb_dropout", "pos_drop");

    private GoldenPit() {}

    static GoldenGraph build(GoldenCase golden) {
        return switch (golden.config().path("source").path("class").asText()) {
            case "PoolingVisionTransformer", "PiT" -> model(golden);
            case "Pooling" -> gridAndTokens(golden);
            case "Pool" -> tokens(golden);
            default -> throw new AssertionError(golden.config().path("source"));
        };
    }

    private static GoldenGraph model(GoldenCase golden) {
        Map<String, String> words = golden.official() ? TIMM : VIT_PYTORCH;
        ModelConfig model = GoldenConfigs.model(golden, "pit", (m, argument, value) -> put(m, argument, value, words));
        Graph graph = model.build();
        boolean distilled = graph.outputs().containsKey("logits_distill");
        return distilled
                ? distilled(graph, NameSchemes.of(model).reference())
                : GoldenGraph.classifier(graph, NameSchemes.of(model).reference(), Map.of());
    }

    private static void put(ObjectNode model, String argument, JsonNode value, Map<String, String> words) {
        switch (argument) {
            case "img_size", "image_size" -> GoldenConfigs.image(model).set("size", value);
            case "in_chans" -> GoldenConfigs.image(model).set("channels", value);
            case "global_pool" -> expect(value, "token");
            case "stem_type" -> expect(value, "overlap");
            case "alpha" -> {} // belongs to the loss
            default -> {
                if (!words.containsKey(argument)) throw new AssertionError("unknown argument " + argument);
                model.set(words.get(argument), value);
            }
        }
    }

    /** Fails unless the argument has the only value that the reference accepts. */
    private static void expect(JsonNode value, String only) {
        if (!value.asText().equals(only)) throw new AssertionError("expected " + only + ", got " + value);
    }

    private static GoldenGraph distilled(Graph graph, CheckpointNames keys) {
        String mean = graph.outputs().get("logits").name();
        String classLogits = graph.outputs().get("logits_class").name();
        String distillLogits = graph.outputs().get("logits_distill").name();
        return new GoldenGraph(
                graph,
                keys,
                Map.of("input", "image"),
                Map.of("logits", mean, "logits_cls", classLogits, "logits_dist", distillLogits),
                Map.of("logits_cls", classLogits, "logits_dist", distillLogits),
                List.of(new GoldenGraph.GoldenLoss("", GoldenPit::hardDistillation)),
                Map.of());
    }

    /** (1 - alpha) CE(class head, labels) + alpha CE(distillation head, prediction of the teacher). */
    private static SDVariable hardDistillation(LossInputs network, GoldenCase golden) {
        double alpha = new Arguments(golden).doubleAt("alpha", 0.5);
        INDArray teacher = golden.tensor("teacher_logits");
        int[] predictions = teacher.argMax(1).toIntVector();
        SDVariable targets = network.sd().constant(SoftTargets.smoothed(predictions, (int) teacher.size(1), 0));
        SDVariable labels = GoldenLosses.labels(network, golden);
        SDVariable classLoss = LossFunctions.crossEntropy(network.sd(), network.output("logits_class"), labels);
        SDVariable distillLoss = LossFunctions.crossEntropy(network.sd(), network.output("logits_distill"), targets);
        return classLoss.mul(1 - alpha).add(distillLoss.mul(alpha));
    }

    private static GoldenGraph gridAndTokens(GoldenCase golden) {
        Arguments a = new Arguments(golden);
        a.intAt("in_feature");
        a.intAt("tokens");
        String padding = a.stringAt("padding_mode", "zeros");
        if (!padding.equals("zeros")) throw new AssertionError("padding " + padding);
        ConvHeadPooling pool = new ConvHeadPooling(a.intAt("out_feature"), a.intAt("stride"));
        a.finish();
        Graph g = new Graph(Init.PYTORCH);
        int[] image = golden.io().get("input").shape(); // [N, C, H, W]
        Tensor grid = g.input("input", image[2], image[3], image[1]);
        Tensor cls = GoldenCait.input(g, golden, "cls");
        g.output("output", pool.grid(g, grid));
        g.output("cls_out", pool.tokens(g, cls));
        return GoldenGraph.module(g, CheckpointNames.SAME, "input", "cls");
    }

    /** Pooling of tokens [1 + T, D]: a class token and a square grid in row-major order. */
    private static GoldenGraph tokens(GoldenCase golden) {
        Arguments a = new Arguments(golden);
        int dim = a.intAt("dim");
        a.finish();
        SeparableHeadPooling pool = new SeparableHeadPooling(2 * dim, 2);
        Graph g = new Graph(Init.PYTORCH);
        Tensor x = GoldenCait.input(g, golden, "input"); // [1 + T, D]
        int side = (int) Math.round(Math.sqrt(x.dim(0) - 1));
        Tensor patches = g.slice("patches", x, 0, 1, x.dim(0));
        Tensor grid = pool.grid(g, g.reshape("grid", patches, side, side, dim));
        Tensor flat = g.reshape("flat", grid, grid.dim(0) * grid.dim(1), 2 * dim);
        g.output("output", g.concat("all", 0, pool.tokens(g, g.slice("cls", x, 0, 0, 1)), flat));
        CheckpointNames keys =
                CheckpointNames.of("conv", "downsample.net.0", "point", "downsample.net.1", "fc", "cls_ff");
        return GoldenGraph.module(g, keys, "input");
    }
}
