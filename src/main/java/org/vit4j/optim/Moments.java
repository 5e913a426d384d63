package org.vit4j.optim;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.updaters.AdamUpdater;
import org.nd4j.linalg.factory.Nd4j;

/** First and second moments, used by Adam, AdamW and LAMB. */
record Moments(INDArray m, INDArray v, double beta1, double beta2, double eps) {
    Moments(INDArray parameters, double beta1, double beta2, double eps) {
        this(FlatOptimizer.zerosLike(parameters), FlatOptimizer.zerosLike(parameters), beta1, beta2, eps);
    }

    Map<String, INDArray> arrays() {
        return Map.of("m", m, "v", v);
    }

    /**
     * Replaces the gradient by {@code factor * m' / (sqrt(v') + eps)}, where m' and v' are the bias-corrected moments.
     *
     * @param stepsBefore number of steps before this one
     */
    void direction(INDArray gradient, double factor, int stepsBefore) {
        // ND4J adds eps before the bias correction, PyTorch after it.
        double scaledEps = eps * Math.sqrt(1 - Math.pow(beta2, stepsBefore + 1));
        Nd4j.exec(new AdamUpdater(gradient, v, m, factor, beta1, beta2, scaledEps, stepsBefore));
    }
}
