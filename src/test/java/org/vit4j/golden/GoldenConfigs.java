package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.vit4j.config.Config;
import org.vit4j.models.ModelConfig;
import org.vit4j.models.Models;

/** Builds the graph of a case with the adapter of its architecture. Unknown arguments are errors. */
final class GoldenConfigs {
    private static final ObjectMapper JSON = new ObjectMapper();

    private GoldenConfigs() {}

    static GoldenGraph build(GoldenCase golden) {
        return switch (golden.architecture()) {
            case "ViT" -> GoldenVit.build(golden);
            case "DeepViT" -> GoldenDeepVit.build(golden);
            case "DeiT" -> GoldenDeit.build(golden);
            case "LeViT" -> GoldenLevit.build(golden);
            case "CvT" -> GoldenCvt.build(golden);
            case "CaiT" -> GoldenCait.build(golden);
            case "PiT" -> GoldenPit.build(golden);
            case "T2T-ViT" -> GoldenT2tVit.build(golden);
            case "ViTAE" -> GoldenVitae.build(golden);
            case "CrossViT" -> GoldenCrossVit.build(golden);
            case "CeiT" -> GoldenCeit.build(golden);
            default -> throw new AssertionError(golden.architecture() + ": unknown architecture");
        };
    }

    /** Translates an argument of a reference constructor to keys of a {@code model:} section. */
    interface Argument {
        void put(ObjectNode model, String argument, JsonNode value);
    }

    /** Translates the arguments of a complete network and reads the resulting config. */
    static ModelConfig model(GoldenCase golden, String arch, Argument arguments) {
        ObjectNode model = JSON.createObjectNode();
        model.put("arch", arch);
        model.put("flavor", golden.official() ? "official" : "community");
        model.putObject("image");
        golden.hyperparameters().forEach((argument, value) -> {
            if (!value.isNull()) arguments.put(model, argument, value);
        });
        JsonNode eps = golden.config().path("layers").path("LayerNorm_eps");
        if (eps.size() == 1) model.set("norm_eps", eps.get(0));
        Config config = Config.parse(JSON.createObjectNode().set("model", model).toString(), golden.name());
        var read = Models.builtIn().read(config.root().section("model"));
        config.finish();
        return read.orElseThrow();
    }

    static ObjectNode image(ObjectNode model) {
        return (ObjectNode) model.path("image");
    }
}
