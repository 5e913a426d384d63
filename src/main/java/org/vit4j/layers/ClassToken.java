package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/** Learned token before the patches, from which the head predicts the class (Devlin et al. 2018; ViT, section 3.1). */
public final class ClassToken {
    private ClassToken() {}

    /** [T, D] -> [1 + T, D], with the parameter {@code cls_token}. */
    public static Tensor prepend(Graph g, Tensor x, Init init) {
        return g.concat("tokens", 0, g.learnedTokens("cls_token", x, 1, init), x);
    }

    /** [1 + T, D] -> [D] */
    public static Tensor select(Graph g, Tensor x) {
        return select(g, "cls", x, 0);
    }

    /** Token {@code index} of x, [T, D] -> [D]; the tensors are {@code name} [1, D] and {@code name_flat}. */
    public static Tensor select(Graph g, String name, Tensor x, int index) {
        return g.reshape(name + "_flat", g.slice(name, x, 0, index, index + 1), x.dim(1));
    }

    /** [1 + T, D] -> [T, D] */
    public static Tensor patches(Graph g, Tensor x) {
        return g.slice("patches", x, 0, 1, x.dim(0));
    }
}
