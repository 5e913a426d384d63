package org.vit4j.explain;

import java.util.Locale;

/** The ways to look into a network that a command line can ask for. */
public enum ExplainMethod {
    GRADCAM("Grad-CAM", "Cells of the layer that speak for the class; what speaks against it is left out."),
    ROLLOUT(
            "Attention rollout",
            "How much of each place is in the answer when attention is followed through all layers."
                    + " The same whatever the class."),
    ATTENTION("Attention", "What one layer looks at. The same whatever the class."),
    SALIENCY("Saliency", "How much the class's logit changes with each pixel, up or down."),
    DISTANCE(
            "Mean attention distance",
            "How far from its own place a query looks, in pixels of what the network sees, averaged over queries and"
                    + " images. Class tokens have no place and take no part. A layer near the distance of looking everywhere"
                    + " alike has no preference for near or far."),
    SIMILARITY(
            "Similarity of attention maps",
            "The mean cosine between the columns of two layers' maps: near 1 over many layers is attention collapse."
                    + " Layers whose maps have different shapes cannot be compared."),
    FEATURES("Features", "Values of one tensor, a row an image.");

    private final String title;
    private final String note;

    ExplainMethod(String title, String note) {
        this.title = title;
        this.note = note;
    }

    public String title() {
        return title;
    }

    /** What it shows, in a sentence or two. */
    public String note() {
        return note;
    }

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
