package org.vit4j.golden;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.vit4j.arch.ModelConfig;
import org.vit4j.graph.Graph;

/** Arguments of timm's VisionTransformer(Distilled) and of vit-pytorch's DistillWrapper with its students. */
final class GoldenDeit {
    /** What belongs to the loss or names the student's class. */
    private static final Set<String> OUTSIDE = Set.of("alpha", "tau", "temperature", "hard", "student");

    private static final String WITHOUT = "without_distill_token";

    private GoldenDeit() {}

    static Built build(GoldenCase golden) {
        boolean distilled =
                golden.config().path("source").path("class").asText().contains("Distill");
        ModelConfig model = model(golden, distilled);
        if (!distilled) {
            return Built.classifier(
                    model.build(), model.keys(), GoldenVit.maps(golden, "attn/", "blocks.%s.attn.weights"));
        }
        return golden.official() ? withToken(golden, model) : wrapped(golden, model);
    }

    private static Built withToken(GoldenCase golden, ModelConfig model) {
        Graph graph = model.build();
        Map<String, String> heads = new LinkedHashMap<>();
        heads.put("logits_cls", graph.outputs().get("logits_class").name());
        heads.put("logits_dist", graph.outputs().get("logits_distill").name());
        Map<String, String> evaluated = GoldenVit.maps(golden, "attn/", "blocks.%s.attn.weights");
        evaluated.putAll(heads);
        evaluated.put("logits", graph.outputs().get("logits").name());
        return new Built(
                graph,
                model.keys(),
                Map.of("input", "image"),
                evaluated,
                heads,
                GoldenLosses.distillation(golden),
                Map.of());
    }

    private static Built wrapped(GoldenCase golden, ModelConfig model) {
        Graph graph = model.build();
        Map<String, String> heads = new LinkedHashMap<>();
        heads.put("logits", graph.outputs().get("logits_class").name());
        heads.put("logits_distill", graph.outputs().get("logits_distill").name());
        heads.put("distill_tokens", "distill_tokens");
        Map<String, String> evaluated = GoldenVit.maps(golden, "attn/", "blocks.%s.attn.weights");
        evaluated.putAll(heads);

        Graph alone = model(golden, false).build();
        Map<String, String> without = GoldenVit.maps(golden, "attn_" + WITHOUT + "/", "blocks.%s.attn.weights");
        without.put("logits_" + WITHOUT, alone.outputs().get("logits").name());
        Map<String, String> inputs = Map.of("input", "image");
        return new Built(
                graph,
                model.keys(),
                inputs,
                evaluated,
                heads,
                GoldenLosses.distillation(golden),
                Map.of(alone, without));
    }

    private static ModelConfig model(GoldenCase golden, boolean distilled) {
        Map<String, String> words = golden.official() ? GoldenVit.TIMM : GoldenVit.VIT_PYTORCH;
        String student = golden.hyperparameters()
                .getOrDefault("student", golden.config())
                .asText("");
        if (student.contains("T2T")) throw new AssertionError("a T2T student is not built yet");
        return GoldenConfigs.model(golden, "deit", (model, argument, value) -> {
            model.put("distilled", distilled);
            if (!OUTSIDE.contains(argument)) GoldenVit.put(model, argument, value, words);
        });
    }
}
