package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.graph.Graph;
import org.vit4j.models.ModelConfig;

/** Adapter for timm's VisionTransformer(Distilled) and vit-pytorch's DistillWrapper with its students. */
final class GoldenDeit {
    /** Arguments of the loss, and the class of the student. */
    private static final Set<String> NOT_MODEL = Set.of("alpha", "tau", "temperature", "hard", "student");

    private static final Map<String, String> T2T = Map.ofEntries(
            Map.entry("num_classes", "classes"),
            Map.entry("dim", "dim"),
            Map.entry("depth", "depth"),
            Map.entry("heads", "heads"),
            Map.entry("mlp_dim", "mlp_dim"),
            Map.entry("dim_head", "head_dim"),
            Map.entry("pool", "pool"),
            Map.entry("dropout", "proj_drop"),
            Map.entry("emb_dropout", "pos_drop"),
            Map.entry("t2t_layers", "soft_split"));

    private static final String WITHOUT = "without_distill_token";

    private GoldenDeit() {}

    static GoldenGraph build(GoldenCase golden) {
        boolean distilled =
                golden.config().path("source").path("class").asText().contains("Distill");
        ModelConfig model = model(golden, distilled);
        if (!distilled) {
            return GoldenGraph.classifier(
                    model.build(),
                    NameSchemes.of(model).reference(),
                    GoldenVit.maps(golden, "attn/", "blocks.%s.attn.probs"));
        }
        return golden.official() ? withToken(golden, model) : wrapped(golden, model);
    }

    private static GoldenGraph withToken(GoldenCase golden, ModelConfig model) {
        Graph graph = model.build();
        Map<String, String> heads = new LinkedHashMap<>();
        heads.put("logits_cls", graph.outputs().get("logits_class").name());
        heads.put("logits_dist", graph.outputs().get("logits_distill").name());
        Map<String, String> evaluated = GoldenVit.maps(golden, "attn/", "blocks.%s.attn.probs");
        evaluated.putAll(heads);
        evaluated.put("logits", graph.outputs().get("logits").name());
        return new GoldenGraph(
                graph,
                NameSchemes.of(model).reference(),
                Map.of("input", "image"),
                evaluated,
                heads,
                GoldenLosses.distillation(golden),
                Map.of());
    }

    private static GoldenGraph wrapped(GoldenCase golden, ModelConfig model) {
        Graph graph = model.build();
        Map<String, String> heads = new LinkedHashMap<>();
        heads.put("logits", graph.outputs().get("logits_class").name());
        heads.put("logits_distill", graph.outputs().get("logits_distill").name());
        heads.put("distill_tokens", "dist_flat");
        Map<String, String> evaluated = GoldenVit.maps(golden, "attn/", "blocks.%s.attn.probs");
        evaluated.putAll(heads);

        Graph student = model(golden, false).build();
        Map<String, String> without = GoldenVit.maps(golden, "attn_" + WITHOUT + "/", "blocks.%s.attn.probs");
        without.put("logits_" + WITHOUT, student.outputs().get("logits").name());
        Map<String, String> inputs = Map.of("input", "image");
        return new GoldenGraph(
                graph,
                keys(golden, model),
                inputs,
                evaluated,
                heads,
                GoldenLosses.distillation(golden),
                Map.of(student, without));
    }

    private static ModelConfig model(GoldenCase golden, boolean distilled) {
        boolean t2t = isT2t(golden);
        Map<String, String> words = golden.official() ? GoldenVit.TIMM : t2t ? T2T : GoldenVit.VIT_PYTORCH;
        return GoldenConfigs.model(golden, t2t ? "t2t_vit" : "deit", (model, argument, value) -> {
            model.put("distilled", distilled);
            if (!NOT_MODEL.contains(argument)) GoldenVit.put(model, argument, value, words);
        });
    }

    private static boolean isT2t(GoldenCase golden) {
        JsonNode student = golden.hyperparameters().get("student");
        return student != null && student.asText().contains("T2T");
    }

    /** Names of the wrapper, and of the student with the prefix {@code student}. */
    private static CheckpointNames keys(GoldenCase golden, ModelConfig model) {
        if (!isT2t(golden)) return NameSchemes.of(model).reference();
        return CheckpointNames.of(
                        "dist_token", "distillation_token", "dist_norm", "distill_mlp.0", "head_dist", "distill_mlp.1")
                .then(NameSchemes.of(model).reference().withPrefix("student"));
    }
}
