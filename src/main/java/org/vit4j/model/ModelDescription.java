package org.vit4j.model;

import java.util.List;
import java.util.Map;
import org.vit4j.data.Preprocessing;
import org.vit4j.models.Model;

/**
 * Everything in a saved model except the weights.
 *
 * @param config resolved YAML of the run
 * @param classes names of the K logits
 * @param preprocess applied to an image before the network
 * @param provenance origin, such as tool versions and imported files
 */
public record ModelDescription(
        String name,
        Model model,
        String config,
        List<String> classes,
        Preprocessing preprocess,
        Map<String, String> provenance) {

    public ModelDescription {
        classes = List.copyOf(classes);
        if (classes.size() != model.classes()) {
            throw new IllegalArgumentException(
                    classes.size() + " class names, expected " + model.classes() + " (model.classes)");
        }
    }

    /** Returns a copy with other class names. */
    public ModelDescription withClasses(List<String> names) {
        return new ModelDescription(name, model, config, names, preprocess, provenance);
    }

    /** Returns a copy with other preprocessing. */
    public ModelDescription with(Preprocessing preprocessing) {
        return new ModelDescription(name, model, config, classes, preprocessing, provenance);
    }

    /** Returns a copy with another provenance. */
    public ModelDescription with(Map<String, String> newProvenance) {
        return new ModelDescription(name, model, config, classes, preprocess, newProvenance);
    }
}
