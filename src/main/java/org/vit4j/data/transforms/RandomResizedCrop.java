package org.vit4j.data.transforms;

import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.PixelBox;

/**
 * Resizes a crop of random area and aspect ratio (Szegedy et al. 2014), as torchvision's {@code RandomResizedCrop}.
 *
 * @param scale area of the crop relative to the image
 * @param ratio width over height of the crop
 */
public record RandomResizedCrop(List<Integer> size, ValueRange scale, ValueRange ratio, Interpolation interpolation)
        implements Transform {
    private static final int ATTEMPTS = 10;

    public RandomResizedCrop {
        size = TransformChecks.size(size);
        Checks.check(scale.low() > 0 && scale.high() <= 1, "scale", scale, "must be in (0, 1]");
        Checks.check(ratio.low() > 0, "ratio", ratio, "must be positive");
    }

    @Override
    public Image apply(Image image, SplittableRandom random) {
        PixelBox window = window(image, random);
        return Resampling.resize(image, window, size.get(0), size.get(size.size() - 1), interpolation);
    }

    PixelBox window(Image image, SplittableRandom random) {
        double area = (double) image.height() * image.width();
        ValueRange logRatio = new ValueRange(Math.log(ratio.low()), Math.log(ratio.high()));
        for (int i = 0; i < ATTEMPTS; i++) {
            double target = area * scale.draw(random);
            double aspect = Math.exp(logRatio.draw(random));
            int w = (int) Math.rint(Math.sqrt(target * aspect));
            int h = (int) Math.rint(Math.sqrt(target / aspect));
            if (w > 0 && w <= image.width() && h > 0 && h <= image.height()) {
                int top = random.nextInt(image.height() - h + 1);
                int left = random.nextInt(image.width() - w + 1);
                return new PixelBox(top, left, h, w);
            }
        }
        return largestCenter(image);
    }

    /** Fallback if no random crop fits: the largest center crop with an allowed aspect ratio. */
    private PixelBox largestCenter(Image image) {
        int h = image.height();
        int w = image.width();
        double aspect = (double) w / h;
        if (aspect < ratio.low()) h = Math.max(1, (int) Math.rint(w / ratio.low()));
        else if (aspect > ratio.high()) w = Math.max(1, (int) Math.rint(h * ratio.high()));
        return new PixelBox((image.height() - h) / 2, (image.width() - w) / 2, h, w);
    }

    static Optional<RandomResizedCrop> read(Section s, TransformDefaults defaults) {
        List<Integer> size = s.intsAt("size", defaults.size());
        ValueRange scale = ValueRange.read(s, "scale", new ValueRange(0.08, 1));
        ValueRange ratio = ValueRange.read(s, "ratio", new ValueRange(3 / 4.0, 4 / 3.0));
        Interpolation interpolation = Interpolation.read(s);
        return s.build(() -> new RandomResizedCrop(size, scale, ratio, interpolation));
    }
}
