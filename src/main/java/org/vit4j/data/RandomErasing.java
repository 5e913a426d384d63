package org.vit4j.data;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Rectangles wiped out after normalizing (Zhong et al. 2017, arXiv:1708.04896), as timm 0.9.16 does it ({@code
 * data/random_erasing.py}).
 *
 * @param p with which a picture loses anything
 * @param scale share of the area that is lost, before it is divided by the count
 * @param ratio height over width
 * @param count rectangles at most; how many is drawn from 1 to this
 */
public record RandomErasing(double p, ErasingMode mode, ValueRange scale, ValueRange ratio, int count) {
    private static final int ATTEMPTS = 10;

    /** What stands in a rectangle. */
    public enum ErasingMode {
        /** Zeros: after normalizing, the mean. */
        CONST,
        /** One normal draw a channel. */
        RAND,
        /** A normal draw for each value. */
        PIXEL
    }

    public RandomErasing {
        Rule.share("p", p);
        Rule.check(scale.low() >= 0 && scale.high() <= 1, "scale must lie in 0..1", scale);
        Rule.check(ratio.low() > 0, "ratio must be above 0", ratio);
        Rule.check(count >= 1 && count <= 100, "count must lie in 1..100", count);
    }

    /** @param values [H, W, C], normalized; written to */
    void apply(float[] values, int height, int width, SplittableRandom random) {
        if (random.nextDouble() >= p) return;
        int rectangles = 1 + random.nextInt(count);
        ValueRange logRatio = new ValueRange(Math.log(ratio.low()), Math.log(ratio.high()));
        for (int i = 0; i < rectangles; i++) {
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                double target = scale.draw(random) * height * width / rectangles;
                double aspect = Math.exp(logRatio.draw(random));
                int h = (int) Math.rint(Math.sqrt(target * aspect));
                int w = (int) Math.rint(Math.sqrt(target / aspect));
                if (w >= width || h >= height) continue;
                int top = random.nextInt(height - h + 1);
                int left = random.nextInt(width - w + 1);
                int channels = values.length / (height * width);
                erase(values, (top * width + left) * channels, h, w * channels, width * channels, channels, random);
                break;
            }
        }
    }

    private void erase(
            float[] values, int from, int rows, int columns, int row, int channels, SplittableRandom random) {
        float[] color = new float[channels];
        if (mode == ErasingMode.RAND)
            for (int c = 0; c < channels; c++) color[c] = (float) RandomDistributions.normal(random);
        for (int y = 0; y < rows; y++) {
            int start = from + y * row;
            if (mode == ErasingMode.CONST) Arrays.fill(values, start, start + columns, 0);
            else
                for (int i = 0; i < columns; i++) {
                    values[start + i] =
                            mode == ErasingMode.RAND ? color[i % channels] : (float) RandomDistributions.normal(random);
                }
        }
    }
}
