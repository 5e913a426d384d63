package org.vit4j.data.transforms;

import java.util.Optional;
import java.util.SplittableRandom;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.data.image.Image;

/**
 * Rotates, translates, scales and shears about the center with bilinear sampling. Translations are not rounded to whole
 * pixels, which suits small images.
 *
 * @param degrees maximum rotation in either direction
 * @param translate maximum translation in either direction, as a share of width and height
 * @param shear maximum shear of the x axis in either direction, in degrees
 */
public record RandomAffine(double degrees, double translate, ValueRange scale, double shear, double fill)
        implements Transform {
    public RandomAffine {
        Checks.check(degrees >= 0 && degrees <= 180, "degrees", degrees, "must be in [0, 180]");
        Checks.fraction("translate", translate);
        Checks.check(scale.low() > 0, "scale", scale, "must be positive");
        Checks.check(shear >= 0 && shear < 90, "shear", shear, "must be in [0, 90)");
        TransformChecks.fill(fill);
    }

    @Override
    public Image apply(Image image, SplittableRandom random) {
        double angle = Math.toRadians(new ValueRange(-degrees, degrees).draw(random));
        double tx = new ValueRange(-translate, translate).draw(random) * image.width();
        double ty = new ValueRange(-translate, translate).draw(random) * image.height();
        double size = scale.draw(random);
        double slope = Math.tan(Math.toRadians(new ValueRange(-shear, shear).draw(random)));
        // output = size * rotation * shear * input + t; inverse: shear^-1 * rotation^-1 * (output - t) / size
        double cos = Math.cos(angle) / size;
        double sin = Math.sin(angle) / size;
        double a = cos + slope * sin;
        double b = sin - slope * cos;
        double[] inverse = {a, b, -a * tx - b * ty, -sin, cos, sin * tx - cos * ty};
        return affine(image, inverse, fill);
    }

    /**
     * Affine transform with bilinear sampling. The output pixel (x, y) relative to the center is sampled from the input at
     * (a x + b y + tx, c x + d y + ty) relative to the center; {@code fill} is used outside of the image. Values are rounded
     * to integers.
     *
     * @param inverse a, b, tx, c, d, ty: maps output to input
     */
    static Image affine(Image image, double[] inverse, double fill) {
        int h = image.height();
        int w = image.width();
        int channels = image.channels();
        float[] out = new float[h * w * channels];
        double middleX = (w - 1) / 2.0;
        double middleY = (h - 1) / 2.0;
        for (int y = 0; y < h; y++) {
            for (int x = 0; x < w; x++) {
                double dx = x - middleX;
                double dy = y - middleY;
                double fromX = inverse[0] * dx + inverse[1] * dy + inverse[2] + middleX;
                double fromY = inverse[3] * dx + inverse[4] * dy + inverse[5] + middleY;
                for (int c = 0; c < channels; c++) {
                    out[(y * w + x) * channels + c] = Math.round(bilinear(image, fromY, fromX, c, fill));
                }
            }
        }
        return new Image(h, w, channels, out);
    }

    private static float bilinear(Image image, double y, double x, int c, double fill) {
        int top = (int) Math.floor(y);
        int left = (int) Math.floor(x);
        double down = y - top;
        double across = x - left;
        double upper = (1 - across) * at(image, top, left, c, fill) + across * at(image, top, left + 1, c, fill);
        double lower =
                (1 - across) * at(image, top + 1, left, c, fill) + across * at(image, top + 1, left + 1, c, fill);
        return (float) ((1 - down) * upper + down * lower);
    }

    private static double at(Image image, int y, int x, int c, double fill) {
        boolean inside = y >= 0 && y < image.height() && x >= 0 && x < image.width();
        return inside ? image.at(y, x, c) : fill;
    }

    static Optional<RandomAffine> read(Section s) {
        double degrees = s.doubleAt("degrees", 0);
        double translate = s.doubleAt("translate", 0);
        ValueRange scale = ValueRange.read(s, "scale", new ValueRange(1, 1));
        double shear = s.doubleAt("shear", 0);
        double fill = s.doubleAt("fill", 0);
        return s.build(() -> new RandomAffine(degrees, translate, scale, shear, fill));
    }
}
