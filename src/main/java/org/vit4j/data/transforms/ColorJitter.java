package org.vit4j.data.transforms;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.data.image.Image;
import org.vit4j.data.random.SeededRandom;

/**
 * Changes brightness, contrast, saturation and hue by random factors in random order, as torchvision's {@code ColorJitter}
 * on Pillow images.
 *
 * @param brightness b: the factor is drawn from [max(0, 1 - b), 1 + b]; 0 disables it; likewise contrast and saturation
 * @param hue h: the hue shift is drawn from [-h, h] of the color circle; at most 0.5
 * @param p probability that the image is changed
 */
public record ColorJitter(double brightness, double contrast, double saturation, double hue, double p)
        implements Transform {

    public ColorJitter {
        Checks.nonNegative("brightness", brightness);
        Checks.nonNegative("contrast", contrast);
        Checks.nonNegative("saturation", saturation);
        Checks.check(hue >= 0 && hue <= 0.5, "hue", hue, "must be in [0, 0.5]");
        Checks.fraction("p", p);
    }

    static Optional<ColorJitter> read(Section s) {
        double brightness = s.doubleAt("brightness", 0.4);
        double contrast = s.doubleAt("contrast", 0.4);
        double saturation = s.doubleAt("saturation", 0.4);
        double hue = s.doubleAt("hue", 0);
        double p = s.doubleAt("p", 1);
        return s.build(() -> new ColorJitter(brightness, contrast, saturation, hue, p));
    }

    @Override
    public Image apply(Image image, SplittableRandom random) {
        if (p < 1 && random.nextDouble() >= p) return image;
        List<Integer> order = new ArrayList<>(IntStream.range(0, 4).boxed().toList());
        SeededRandom.shuffle(order, random);
        Image out = image;
        for (int property : order) out = change(out, property, random);
        return out;
    }

    private Image change(Image image, int property, SplittableRandom random) {
        return switch (property) {
            case 0 -> brightness == 0 ? image : ColorOps.brightness(image, factor(brightness, random));
            case 1 -> contrast == 0 ? image : ColorOps.contrast(image, factor(contrast, random));
            case 2 -> saturation == 0 ? image : ColorOps.color(image, factor(saturation, random));
            default -> hue == 0 ? image : HueShift.shift(image, new ValueRange(-hue, hue).draw(random));
        };
    }

    private static double factor(double strength, SplittableRandom random) {
        return new ValueRange(Math.max(0, 1 - strength), 1 + strength).draw(random);
    }
}
