package org.vit4j.layers;

import java.util.function.Supplier;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/** Feed-forward network of a transformer block: dense, activation, dense. */
public record Mlp(int hidden, Activation activation, double drop) {
    /** [T, D] -> [T, D] */
    public Tensor build(Graph g, Tensor x) {
        Tensor h = g.activate("act", g.dense("fc1", x, hidden), activation); // [T, hidden]
        Tensor y = g.dense("fc2", g.dropout("drop1", h, drop), x.dim(1)); // [T, D]
        return g.dropout("drop2", y, drop); // [T, D]
    }

    /** Reads {@code mlp_dim}, or {@code mlp_ratio} times the width of the tokens; the supplier checks the value. */
    public static Supplier<Mlp> read(Section s, int dim, double ratio, Activation activation, double drop) {
        int hidden = readHidden(s, dim, ratio);
        return () -> {
            Checks.positive("mlp_dim", hidden);
            return new Mlp(hidden, activation, drop);
        };
    }

    /** Reads the hidden width of {@link #read} without checking it. */
    public static int readHidden(Section s, int dim, double ratio) {
        return s.has("mlp_dim") ? s.intAt("mlp_dim") : (int) (dim * s.doubleAt("mlp_ratio", ratio));
    }
}
