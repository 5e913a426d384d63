package org.vit4j.explain;

import java.util.Locale;

/** Explanation methods of the {@code explain} command. */
public enum ExplainMethod {
    GRADCAM("Grad-CAM", "Cells of the layer that raise the class's logit; negative evidence is left out."),
    ROLLOUT(
            "Attention rollout",
            "Contribution of each image position to the prediction, with attention accumulated over all layers."
                    + " Does not depend on the class."),
    ATTENTION("Attention", "Attention probabilities of one layer. Does not depend on the class."),
    HEADS(
            "Attention heads",
            "Attention of the class token in one layer, one map for each head, as in the DINO paper; without a class"
                    + " token, the mean over all queries. Does not depend on the class."),
    SALIENCY("Saliency", "Absolute gradient of the class's logit with respect to each pixel."),
    DISTANCE(
            "Mean attention distance",
            "Distance between query and attended keys, in pixels of the preprocessed image, averaged over queries and"
                    + " images. Class tokens have no position and are left out. A layer near the distance of uniform"
                    + " attention prefers neither near nor far positions."),
    SIMILARITY(
            "Similarity of attention maps",
            "Mean cosine between the columns of two layers' maps; values near 1 over many layers indicate collapse."
                    + " Layers whose maps have different shapes cannot be compared."),
    FEATURES("Features", "Values of one tensor, one row per image.");

    private final String title;
    private final String note;

    ExplainMethod(String title, String note) {
        this.title = title;
        this.note = note;
    }

    public String title() {
        return title;
    }

    /** Returns one or two sentences that explain the result. */
    public String note() {
        return note;
    }

    /** Returns true if the result depends on the class that is explained. */
    boolean isClassSpecific() {
        return this == GRADCAM || this == SALIENCY;
    }

    /** Returns the name on the command line and in files. */
    public String cliName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
