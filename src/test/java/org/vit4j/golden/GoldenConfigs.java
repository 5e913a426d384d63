package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import org.vit4j.arch.ModelConfig;
import org.vit4j.config.Config;

/** Arguments of the reference constructors -> our {@code model:} section. An argument it does not know is an error. */
final class GoldenConfigs {
    private static final ObjectMapper JSON = new ObjectMapper();

    private GoldenConfigs() {}

    static ModelConfig model(GoldenCase golden) {
        ObjectNode model = JSON.createObjectNode();
        model.put("flavour", golden.official() ? "official" : "community");
        model.putObject("image");
        golden.hyperparameters().forEach((argument, value) -> {
            if (!value.isNull()) argument(golden, model, argument, value);
        });
        JsonNode eps = golden.config().path("layers").path("LayerNorm_eps");
        if (eps.size() == 1) model.set("norm_eps", eps.get(0));
        Config config = Config.parse(JSON.createObjectNode().set("model", model).toString(), golden.name());
        var read = ModelConfig.read(config.root().section("model"));
        config.finish();
        return read.orElseThrow();
    }

    private static void argument(GoldenCase golden, ObjectNode model, String argument, JsonNode value) {
        switch (golden.architecture()) {
            case "ViT" -> vit(model, argument, value, golden.official());
            default -> throw new AssertionError(golden.architecture() + " is not built yet");
        }
    }

    private static final Map<String, String> TIMM = Map.ofEntries(
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

    private static final Map<String, String> VIT_PYTORCH = Map.of(
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

    private static void vit(ObjectNode model, String argument, JsonNode value, boolean official) {
        model.put("arch", "vit");
        ObjectNode image = (ObjectNode) model.path("image");
        Map<String, String> words = official ? TIMM : VIT_PYTORCH;
        switch (argument) {
            case "img_size", "image_size" -> image.set("size", value);
            case "in_chans", "channels" -> image.set("channels", value);
            case "global_pool" -> model.put("pool", value.asText().equals("avg") ? "mean" : "cls");
            case "no_embed_class" -> model.put("pos_prefix", !value.asBoolean());
            // How weights start and how other image sizes are met; neither changes these numbers.
            case "weight_init", "fix_init", "dynamic_img_size", "dynamic_img_pad", "patch_drop_rate" -> {}
            default -> {
                if (!words.containsKey(argument)) throw new AssertionError("unknown argument " + argument);
                model.set(words.get(argument), value);
            }
        }
    }
}
