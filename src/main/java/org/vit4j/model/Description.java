package org.vit4j.model;

import java.util.List;
import java.util.Map;
import org.vit4j.arch.ModelConfig;
import org.vit4j.data.Preprocess;

/**
 * What a saved model says of itself, besides the weights.
 *
 * @param config the resolved YAML it came from
 * @param classes names of the K logits
 * @param preprocess what is done to an image before the network sees it
 * @param provenance where and with what it was made
 */
public record Description(
        String name,
        ModelConfig model,
        String config,
        List<String> classes,
        Preprocess preprocess,
        Map<String, String> provenance) {

    public Description {
        classes = List.copyOf(classes);
        if (classes.size() != model.classes()) {
            throw new IllegalArgumentException(
                    classes.size() + " class names for a network of " + model.classes() + " classes");
        }
    }

    /** The same model, made in another way. */
    public Description with(Map<String, String> newProvenance) {
        return new Description(name, model, config, classes, preprocess, newProvenance);
    }
}
