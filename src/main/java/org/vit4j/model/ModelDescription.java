package org.vit4j.model;

import java.util.List;
import java.util.Map;
import org.vit4j.config.Checks;
import org.vit4j.config.Config;
import org.vit4j.data.Preprocessing;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.Model;

/**
 * Everything in a saved model except the weights.
 *
 * @param config resolved YAML of the run
 * @param classes names of the K logits
 * @param preprocess applied to an image before the network
 * @param provenance origin, such as tool versions and imported files
 * @param multiLabel true if an image has any number of labels: probabilities are then sigmoids of the logits
 */
public record ModelDescription(
        String name,
        Model model,
        String config,
        List<String> classes,
        Preprocessing preprocess,
        Map<String, String> provenance,
        boolean multiLabel) {

    public ModelDescription {
        classes = List.copyOf(classes);
        if (classes.size() != model.classes()) {
            throw new IllegalArgumentException(
                    classes.size() + " class names, expected " + model.classes() + " (model.classes)");
        }
        Checks.require(
                imageOf(preprocess).equals(model.image()),
                "preprocessing makes images [H, W, C] of %s, the network reads %s",
                imageOf(preprocess).shape(),
                model.image().shape());
    }

    /** Description of a model that has several labels per image if its config has a label file, {@code data.labels}. */
    public ModelDescription(
            String name,
            Model model,
            String config,
            List<String> classes,
            Preprocessing preprocess,
            Map<String, String> provenance) {
        this(
                name,
                model,
                config,
                classes,
                preprocess,
                provenance,
                Config.values(config, name).containsKey("data.labels"));
    }

    /** The images that a preprocessing makes. */
    static ImageSpec imageOf(Preprocessing preprocessing) {
        return new ImageSpec(preprocessing.height(), preprocessing.width(), preprocessing.channels());
    }

    /** Function from logits to probabilities. */
    public OutputActivation activation() {
        return multiLabel ? OutputActivation.SIGMOID : OutputActivation.SOFTMAX;
    }

    /** Returns a copy with other class names. */
    public ModelDescription withClasses(List<String> names) {
        return new ModelDescription(name, model, config, names, preprocess, provenance, multiLabel);
    }

    /** Returns a copy with other preprocessing. */
    public ModelDescription with(Preprocessing preprocessing) {
        return new ModelDescription(name, model, config, classes, preprocessing, provenance, multiLabel);
    }

    /** Returns a copy with another provenance. */
    public ModelDescription with(Map<String, String> newProvenance) {
        return new ModelDescription(name, model, config, classes, preprocess, newProvenance, multiLabel);
    }

    /** Returns a copy for images with any number of labels, or with one. */
    public ModelDescription withMultiLabel(boolean several) {
        return new ModelDescription(name, model, config, classes, preprocess, provenance, several);
    }

    /** Returns a copy with another network, such as that for another image size, and preprocessing. */
    public ModelDescription with(Model network, Preprocessing preprocessing) {
        return new ModelDescription(name, network, config, classes, preprocessing, provenance, multiLabel);
    }
}
