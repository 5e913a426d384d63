package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.NormalCell;
import org.vit4j.layers.Performer;
import org.vit4j.layers.PyramidReduction;
import org.vit4j.layers.ReductionCell;
import org.vit4j.models.ModelConfig;

/** Adapter for the authors' ViTAE_ViT_basic and for the cells printed in the seed documents. */
final class GoldenVitae {
    /** Arguments with one value per stage, or one for all stages. */
    private static final Set<String> PER_STAGE = Set.of(
            "embed_dims",
            "token_dims",
            "downsample_ratios",
            "kernel_size",
            "rc_heads",
            "nc_heads",
            "dilations",
            "rc_op",
            "rc_tokens_type",
            "nc_tokens_type",
            "rc_group",
            "nc_group",
            "nc_depth",
            "mlp_ratio",
            "qkv_bias");

    private static final Map<String, String> OTHERS = Map.of(
            "stages", "stages",
            "num_classes", "classes",
            "qk_scale", "qk_scale",
            "class_token", "class_token",
            "attn_drop_rate", "attn_drop",
            "drop_path_rate", "drop_path");

    private GoldenVitae() {}

    static GoldenGraph build(GoldenCase golden) {
        String name = golden.config().path("source").path("class").asText();
        if (name.startsWith("Token_")) return GoldenT2tVit.tokenModule(golden);
        if (name.equals("AttentionPerformer")) return performer(golden);
        if (name.startsWith("PRM")) return pyramid(golden);
        if (name.startsWith("ReductionCell")) return reduction(golden);
        if (name.startsWith("NormalCell")) return normal(golden);
        int stages = golden.hyperparameters().get("stages").asInt();
        ModelConfig model =
                GoldenConfigs.model(golden, "vitae", (m, argument, value) -> put(m, argument, value, stages));
        return GoldenGraph.classifier(model.build(), NameSchemes.of(model).reference(), Map.of());
    }

    private static void put(ObjectNode model, String argument, JsonNode value, int stages) {
        String key = argument.toLowerCase(Locale.ROOT);
        switch (key) {
            case "img_size" -> GoldenConfigs.image(model).set("size", value);
            case "in_chans" -> GoldenConfigs.image(model).set("channels", value);
            case "drop_rate" -> {
                model.set("pos_drop", value);
                model.set("proj_drop", value);
            }
            default -> {
                if (PER_STAGE.contains(key)) model.set(key, perStage(key, value, stages));
                else if (OTHERS.containsKey(key)) model.set(OTHERS.get(key), value);
                else throw new AssertionError("unknown argument " + argument);
            }
        }
    }

    /** Cuts lists to the number of stages, like the reference. */
    private static JsonNode perStage(String key, JsonNode value, int stages) {
        if (!value.isArray()) return key.equals("rc_tokens_type") ? releasedType(value) : value;
        ArrayNode all = ((ArrayNode) value).arrayNode();
        for (int i = 0; i < stages; i++)
            all.add(key.equals("rc_tokens_type") ? releasedType(value.get(i)) : value.get(i));
        return all;
    }

    /** In the released model an unreachable condition reduces transformer cells to their pyramids. */
    private static JsonNode releasedType(JsonNode type) {
        return type.asText().equals("transformer") ? TextNode.valueOf("performer_less") : type;
    }

    private static GoldenGraph performer(GoldenCase golden) {
        ModuleArguments a = new ModuleArguments(golden);
        a.ignore("qkv_bias", "qk_scale", "attn_drop"); // the reference does not read them
        int width = a.integer("dim") * a.integer("num_heads", 1);
        int features = (int) (width * a.number("kernel_ratio", 0.5));
        Graph g = new Graph(Init.TIMM);
        Tensor x = a.tokens(g, "input", a.integer("dim"));
        g.output("output", new Performer(width, features, false, a.number("proj_drop", 0)).build(g, x));
        a.finish();
        return GoldenGraph.module(g, CheckpointNames.SAME, "input");
    }

    private static GoldenGraph pyramid(GoldenCase golden) {
        ModuleArguments a = new ModuleArguments(golden);
        a.ignore("img_size", "in_chans");
        Graph g = new Graph(Init.TIMM);
        int ratio = a.integer("downsample_ratio", 4);
        int dim = a.integer("embed_dim", 64);
        int kernel = a.integer("kernel_size", 4);
        tokens(g, pyramid(a, dim, ratio, kernel, List.of(1, 6, 12)).build(g, a.image(g, "input")));
        a.finish();
        return GoldenGraph.module(g, CheckpointNames.SAME, "input");
    }

    private static PyramidReduction pyramid(ModuleArguments a, int dim, int ratio, int kernel, List<Integer> standard) {
        List<Integer> dilations = new ArrayList<>();
        if (a.has("dilations")) a.needed("dilations").forEach(dilation -> dilations.add(dilation.asInt()));
        else dilations.addAll(standard);
        var join = PyramidReduction.JoinType.valueOf(a.word("op", "cat").toUpperCase(Locale.ROOT));
        return new PyramidReduction(dim, ratio, kernel, dilations, a.flag("share_weights", false), join);
    }

    private static GoldenGraph reduction(GoldenCase golden) {
        ModuleArguments a = new ModuleArguments(golden);
        a.ignore("img_size");
        Graph g = new Graph(Init.TIMM);
        Tensor x = a.rank("input") == 4 ? a.image(g, "input") : grid(g, a.tokens(g, "input", a.integer("in_chans", 3)));
        a.ignore("in_chans");
        int ratio = a.integer("downsample_ratios", 4);
        int dim = a.integer("embed_dims", 64);
        int kernel = a.integer("kernel_size", 7);
        var type = ReductionCell.ReductionCellType.valueOf(
                a.word("tokens_type", "performer").toUpperCase(Locale.ROOT));
        double drop = a.number("drop", 0);
        ReductionCell cell = new ReductionCell(
                pyramid(a, dim, ratio, kernel, List.of(1, 2, 3, 4)),
                type,
                a.integer("token_dims", 64),
                a.integer("num_heads", 1),
                a.integer("group", 1),
                a.number("mlp_ratio", 1),
                type == ReductionCell.ReductionCellType.PERFORMER ? 0.1 : drop,
                a.number("attn_drop", 0),
                a.number("drop_path", 0));
        tokens(g, cell.build(g, x));
        a.finish();
        return GoldenGraph.module(g, CheckpointNames.SAME, "input");
    }

    private static GoldenGraph normal(GoldenCase golden) {
        ModuleArguments a = new ModuleArguments(golden);
        a.ignore("act_layer", "norm_layer");
        Graph g = new Graph(Init.TIMM);
        Tensor x = a.tokens(g, "input", a.integer("dim"));
        boolean classToken = a.flag("class_token", false);
        int side = (int) Math.sqrt(classToken ? x.dim(0) - 1 : x.dim(0));
        NormalCell cell = new NormalCell(
                NormalCell.NormalCellType.valueOf(
                        a.word("tokens_type", "transformer").toUpperCase(Locale.ROOT)),
                a.integer("num_heads"),
                a.number("mlp_ratio", 4),
                a.flag("qkv_bias", false),
                a.has("qk_scale") ? OptionalDouble.of(a.number("qk_scale", 1)) : OptionalDouble.empty(),
                a.integer("group", 64),
                normEps(golden),
                a.number("drop", 0),
                a.number("attn_drop", 0));
        g.output("output", cell.build(g, x, side, side, classToken, a.number("drop_path", 0)));
        a.finish();
        return GoldenGraph.module(g, CheckpointNames.SAME, "input");
    }

    /** Epsilon of the norms of the cell; a performer has another norm with 1e-6 that it never uses. */
    private static double normEps(GoldenCase golden) {
        double largest = 0;
        for (JsonNode eps : golden.config().path("layers").path("LayerNorm_eps")) {
            largest = Math.max(largest, eps.asDouble());
        }
        return largest == 0 ? 1e-5 : largest;
    }

    /** Reshapes tokens to a square grid. */
    private static Tensor grid(Graph g, Tensor x) {
        int side = (int) Math.sqrt(x.dim(0));
        return g.reshape("input_grid", x, side, side, x.dim(1));
    }

    private static void tokens(Graph g, Tensor grid) {
        g.output("output", g.reshape("output", grid, grid.dim(0) * grid.dim(1), grid.dim(2)));
    }
}
