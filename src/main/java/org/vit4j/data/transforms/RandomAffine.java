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
        return ImageGeometry.affine(image, inverse, fill);
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
