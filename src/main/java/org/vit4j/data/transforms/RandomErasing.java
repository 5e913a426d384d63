package org.vit4j.data.transforms;

import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.data.random.NormalFloats;

/**
 * Random erasing of rectangles after normalization (Zhong et al. 2017, arXiv:1708.04896), as timm 0.9.16 ({@code
 * data/random_erasing.py}).
 *
 * @param p probability that an image is erased
 * @param scale erased share of the area, divided by the number of rectangles
 * @param ratio height over width of a rectangle
 * @param count maximum number of rectangles; the number is drawn from 1..count
 */
public record RandomErasing(double p, ErasingMode mode, ValueRange scale, ValueRange ratio, int count) {
    private static final int ATTEMPTS = 10;

    /** Content of the rectangles. */
    public enum ErasingMode {
        /** Zeros, which are the mean color of the normalization. */
        CONST,
        /** A random normal value per rectangle and channel. */
        RAND,
        /** A random normal value per pixel and channel. */
        PIXEL
    }

    public RandomErasing {
        Checks.fraction("p", p);
        Checks.check(scale.isWithin(0, 1), "scale", scale, "must be in [0, 1]");
        Checks.check(ratio.low() > 0, "ratio", ratio, "must be positive");
        Checks.check(count >= 1 && count <= 100, "count", count, "must be in [1, 100]");
    }

    static Optional<RandomErasing> read(Section s) {
        double p = s.doubleAt("p", 0.25);
        ErasingMode mode = s.enumAt("mode", ErasingMode.class, ErasingMode.PIXEL);
        ValueRange scale = ValueRange.read(s, "scale", new ValueRange(0.02, 1 / 3.0));
        ValueRange ratio = ValueRange.read(s, "ratio", new ValueRange(0.3, 1 / 0.3));
        int count = s.intAt("count", 1);
        return s.build(() -> new RandomErasing(p, mode, scale, ratio, count));
    }

    /** @param values [H, W, C], normalized; modified in place */
    public void apply(float[] values, int height, int width, SplittableRandom random) {
        apply(values, 0, values.length, height, width, random);
    }

    /** Erases the image at {@code values[offset..offset + length]}. */
    public void apply(float[] values, int offset, int length, int height, int width, SplittableRandom random) {
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
                int channels = length / (height * width);
                int from = offset + (top * width + left) * channels;
                erase(values, from, h, w * channels, width * channels, channels, random);
                break;
            }
        }
    }

    private void erase(
            float[] values, int from, int rows, int columns, int row, int channels, SplittableRandom random) {
        NormalFloats normal = new NormalFloats();
        float[] color = new float[channels];
        if (mode == ErasingMode.RAND) normal.fill(color, 0, channels, random);
        for (int y = 0; y < rows; y++) {
            int start = from + y * row;
            switch (mode) {
                case CONST -> Arrays.fill(values, start, start + columns, 0);
                case RAND -> {
                    for (int i = 0; i < columns; i++) values[start + i] = color[i % channels];
                }
                case PIXEL -> normal.fill(values, start, columns, random);
            }
        }
    }
}
