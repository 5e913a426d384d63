package org.vit4j.data;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Brightness, contrast, saturation and hue, each changed by chance, in an order that is chance too; torchvision's {@code
 * ColorJitter} on pictures of Pillow.
 *
 * @param brightness b: the factor is drawn from max(0, 1 - b) to 1 + b; contrast and saturation alike, 0 changes nothing
 * @param hue h: turned by -h to h of the color circle, at most 0.5
 * @param p with which anything is done
 */
public record ColorJitter(double brightness, double contrast, double saturation, double hue, double p)
        implements Transform {

    public ColorJitter {
        Rule.check(brightness >= 0, "brightness must not be negative", brightness);
        Rule.check(contrast >= 0, "contrast must not be negative", contrast);
        Rule.check(saturation >= 0, "saturation must not be negative", saturation);
        Rule.check(hue >= 0 && hue <= 0.5, "hue must lie in 0..0.5", hue);
        Rule.share("p", p);
    }

    @Override
    public Image apply(Image image, SplittableRandom random) {
        if (p < 1 && random.nextDouble() >= p) return image;
        List<Integer> order = new ArrayList<>(IntStream.range(0, 4).boxed().toList());
        SeededRandom.shuffle(order, random);
        Image out = image;
        for (int which : order) out = change(out, which, random);
        return out;
    }

    private Image change(Image image, int which, SplittableRandom random) {
        return switch (which) {
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
