package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.models.ModelConfig;

/** Adapter for timm's VisionTransformer and vit-pytorch's ViT. */
final class GoldenVit {
    static final Map<String, String> TIMM = Map.ofEntries(
            Map.entry("patch_size", "patch_size"),
            Map.entry("num_classes", "classes"),
            Map.entry("embed_dim", "dim"),
            Map.entry("depth", "depth"),
            Map.entry("num_heads", "heads"),
            Map.entry("mlp_ratio", "mlp_ratio"),
            Map.entry("qkv_bias", "qkv_bias"),
            Map.entry("qk_norm", "qk_norm"),
            Map.entry("init_values", "layer_scale"),
            Map.entry("class_token", "class_token"),
            Map.entry("reg_tokens", "register_tokens"),
            Map.entry("pre_norm", "pre_norm"),
            Map.entry("fc_norm", "fc_norm"),
            Map.entry("drop_rate", "head_drop"),
            Map.entry("pos_drop_rate", "pos_drop"),
            Map.entry("proj_drop_rate", "proj_drop"),
            Map.entry("attn_drop_rate", "attn_drop"),
            Map.entry("drop_path_rate", "drop_path"));

    static final Map<String, String> VIT_PYTORCH = Map.of(
            "patch_size", "patch_size",
            "num_classes", "classes",
            "dim", "dim",
            "depth", "depth",
            "heads", "heads",
            "mlp_dim", "mlp_dim",
            "dim_head", "head_dim",
            "pool", "pool",
            "dropout", "proj_drop",
            "emb_dropout", "pos_drop");

    private GoldenVit() {}

    static GoldenGraph build(GoldenCase golden) {
        Map<String, String> words = golden.official() ? TIMM : VIT_PYTORCH;
        ModelConfig model = GoldenConfigs.model(golden, "vit", (m, argument, value) -> put(m, argument, value, words));
        return GoldenGraph.classifier(
                model.build(), NameSchemes.of(model).reference(), maps(golden, "attn/", "blocks.%s.attn.probs"));
    }

    /** Attention maps of the golden with their tensors, such as {@code attn/3} -> {@code blocks.3.attn.probs}. */
    static Map<String, String> maps(GoldenCase golden, String prefix, String tensor) {
        Map<String, String> maps = new LinkedHashMap<>();
        for (String name : golden.io().keySet()) {
            if (name.startsWith(prefix))
                maps.put(name, String.format(Locale.ROOT, tensor, name.substring(prefix.length())));
        }
        return maps;
    }

    static void put(ObjectNode model, String argument, JsonNode value, Map<String, String> words) {
        switch (argument) {
            case "img_size", "image_size" -> GoldenConfigs.image(model).set("size", value);
            case "in_chans", "channels" -> GoldenConfigs.image(model).set("channels", value);
            case "global_pool" -> model.put("pool", value.asText().equals("avg") ? "mean" : "cls");
            case "resnet" -> model.set("resnet", value);
            case "no_embed_class" -> model.put("pos_prefix", !value.asBoolean());
            // Initialization and support of other image sizes do not change the results.
            case "weight_init", "fix_init", "dynamic_img_size", "dynamic_img_pad", "patch_drop_rate" -> {}
            default -> {
                if (!words.containsKey(argument)) throw new AssertionError("unknown argument " + argument);
                model.set(words.get(argument), value);
            }
        }
    }
}
