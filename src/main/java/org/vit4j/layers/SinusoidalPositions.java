package org.vit4j.layers;

import org.vit4j.graph.Init;

/** Sinusoidal position table (Vaswani et al. 2017, section 3.5): sines in even columns, cosines in odd columns. */
public final class SinusoidalPositions {
    private SinusoidalPositions() {}

    /** Table [T, D]; column j has the wavelength 2 pi 10000^(2 floor(j / 2) / D). */
    public static Init table(int tokens, int dim) {
        float[] table = new float[tokens * dim];
        for (int t = 0; t < tokens; t++) {
            for (int j = 0; j < dim; j++) {
                int pair = j / 2;
                double angle = t / Math.pow(10000, 2.0 * pair / dim);
                table[t * dim + j] = (float) (j % 2 == 0 ? Math.sin(angle) : Math.cos(angle));
            }
        }
        return new Init.GivenValues(table);
    }
}
