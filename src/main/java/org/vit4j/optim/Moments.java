package org.vit4j.optim;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.updaters.AdamUpdater;
import org.nd4j.linalg.factory.Nd4j;

/** The two moments of Adam and of what is built on it. */
record Moments(INDArray m, INDArray v, double beta1, double beta2, double eps) {
    Moments(INDArray parameters, double beta1, double beta2, double eps) {
        this(FlatOptimizer.zerosLike(parameters), FlatOptimizer.zerosLike(parameters), beta1, beta2, eps);
    }

    Map<String, INDArray> arrays() {
        return Map.of("m", m, "v", v);
    }

    /**
     * Makes of the gradient {@code factor * m' / (sqrt(v') + eps)}, where m' and v' are the moments without their bias.
     *
     * @param before steps done before this one
     */
    void direction(INDArray gradient, double factor, int before) {
        // ND4J adds eps before the bias correction, PyTorch after it.
        double scaled = eps * Math.sqrt(1 - Math.pow(beta2, before + 1));
        Nd4j.exec(new AdamUpdater(gradient, v, m, factor, beta1, beta2, scaled, before));
    }
}
