package org.vit4j.layers;

import java.util.OptionalDouble;
import java.util.function.UnaryOperator;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/**
 * Residual branch with the norm first, x + f(LN(x)), with optional layer scale (Touvron et al. 2021, arXiv:2103.17239)
 * and stochastic depth. A block numbers its branches 1 and 2, as in timm.
 *
 * @param eps epsilon of the norm
 * @param layerScale initial value of the layer scale, empty for none (timm's {@code init_values})
 */
public record PreNorm(double eps, OptionalDouble layerScale) {

    /** Branch without layer scale. */
    public static PreNorm plain(double eps) {
        return new PreNorm(eps, OptionalDouble.empty());
    }

    /** Branch with layer scale. */
    public static PreNorm scaled(double eps, double layerScale) {
        return new PreNorm(eps, OptionalDouble.of(layerScale));
    }

    /** [T, D] -> [T, D]: x + branch(x), the tensor {@code add} with the number. */
    public Tensor residual(Graph g, String number, Tensor x, double dropPath, UnaryOperator<Tensor> f) {
        return g.add("add" + number, x, branch(g, number, x, dropPath, f));
    }

    /**
     * Branch without the residual: stochastic depth of the scaled f(LN(x)).
     *
     * @param f layer after the norm; its output may have fewer tokens than x
     */
    public Tensor branch(Graph g, String number, Tensor x, double dropPath, UnaryOperator<Tensor> f) {
        Tensor y = f.apply(g.layerNorm("norm" + number, x, eps)); // [T, D]
        if (layerScale.isPresent()) {
            y = g.layerScale("ls" + number, y, new Init.ConstantInit(layerScale.getAsDouble())); // [T, D]
        }
        return g.dropPath("drop_path" + number, y, dropPath); // [T, D]
    }
}
