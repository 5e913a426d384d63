package org.vit4j.model;

import java.util.List;
import java.util.Map;
import org.vit4j.data.Preprocessing;
import org.vit4j.models.ModelConfig;

/**
 * What a saved model says of itself, besides the weights.
 *
 * @param config the resolved YAML it came from
 * @param classes names of the K logits
 * @param preprocess what is done to an image before the network sees it
 * @param provenance where and with what it was made
 */
public record ModelDescription(
        String name,
        ModelConfig model,
        String config,
        List<String> classes,
        Preprocessing preprocess,
        Map<String, String> provenance) {

    public ModelDescription {
        classes = List.copyOf(classes);
        if (classes.size() != model.classes()) {
            throw new IllegalArgumentException(
                    classes.size() + " class names for a network of " + model.classes() + " classes");
        }
    }

    /** The same model, made in another way. */
    public ModelDescription with(Map<String, String> newProvenance) {
        return new ModelDescription(name, model, config, classes, preprocess, newProvenance);
    }
}
