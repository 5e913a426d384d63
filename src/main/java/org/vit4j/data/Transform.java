package org.vit4j.data;

import java.util.List;
import java.util.SplittableRandom;

/**
 * A change of a training image, an entry of {@code data.augment}. Each record states its own rules; the random numbers
 * come from outside, so that an image's fate depends on seed, epoch and image alone.
 */
public sealed interface Transform
        permits Transform.ResizeImage,
                Transform.CenterCrop,
                Transform.RandomCrop,
                Transform.RandomResizedCrop,
                Transform.HorizontalFlip,
                Transform.VerticalFlip,
                Transform.RandomAffine,
                RandAugment,
                ThreeAugment,
                ColorJitter {

    /** [H, W, C] -> [H', W', C] */
    Image apply(Image image, SplittableRandom random);

    /** @param size one number: the shorter side, the other in proportion; two: [H, W] exactly */
    record ResizeImage(List<Integer> size, Interpolation interpolation) implements Transform {
        public ResizeImage {
            size = checkSize(size);
        }

        @Override
        public Image apply(Image image, SplittableRandom random) {
            return size.size() == 1
                    ? ImageGeometry.resizeShorter(image, size.get(0), interpolation)
                    : Resampling.resize(image, size.get(0), size.get(1), interpolation);
        }
    }

    /** The middle, with zeros around when the image is smaller. */
    record CenterCrop(List<Integer> size) implements Transform {
        public CenterCrop {
            size = checkSize(size);
        }

        @Override
        public Image apply(Image image, SplittableRandom random) {
            return ImageGeometry.centerCrop(image, size.get(0), size.get(size.size() - 1));
        }
    }

    /**
     * Pads every side, then cuts a window at a random place.
     *
     * @param size of the window; empty: the image's own, before padding
     * @param padding pixels on each side
     */
    record RandomCrop(List<Integer> size, int padding, double fill) implements Transform {
        public RandomCrop {
            size = size.isEmpty() ? List.of() : checkSize(size);
            Rule.check(padding >= 0, "padding must not be negative", padding);
            Rule.check(fill >= 0 && fill <= 255, "fill must lie in 0..255", fill);
        }

        @Override
        public Image apply(Image image, SplittableRandom random) {
            int height = size.isEmpty() ? image.height() : size.get(0);
            int width = size.isEmpty() ? image.width() : size.get(size.size() - 1);
            Image padded = ImageGeometry.pad(image, padding, padding, padding, padding, fill);
            // As torchvision with pad_if_needed: what is still too small grows on both sides.
            int down = Math.max(0, height - padded.height());
            int across = Math.max(0, width - padded.width());
            Image enough = ImageGeometry.pad(padded, down, across, down, across, fill);
            int top = random.nextInt(enough.height() - height + 1);
            int left = random.nextInt(enough.width() - width + 1);
            return ImageGeometry.crop(enough, top, left, height, width);
        }
    }

    /**
     * A window of random area and shape, resized (Szegedy et al. 2014); torchvision's {@code RandomResizedCrop}.
     *
     * @param scale share of the image's area
     * @param ratio width over height
     */
    record RandomResizedCrop(List<Integer> size, ValueRange scale, ValueRange ratio, Interpolation interpolation)
            implements Transform {
        private static final int ATTEMPTS = 10;

        public RandomResizedCrop {
            size = checkSize(size);
            Rule.check(scale.low() > 0 && scale.high() <= 1, "scale must lie in 0..1, above 0", scale);
            Rule.check(ratio.low() > 0, "ratio must be above 0", ratio);
        }

        @Override
        public Image apply(Image image, SplittableRandom random) {
            Image window = window(image, random);
            return Resampling.resize(window, size.get(0), size.get(size.size() - 1), interpolation);
        }

        Image window(Image image, SplittableRandom random) {
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
                    return ImageGeometry.crop(image, top, left, h, w);
                }
            }
            return middle(image);
        }

        /** No window fitted: the largest one in the middle whose shape is still allowed. */
        private Image middle(Image image) {
            int h = image.height();
            int w = image.width();
            double shape = (double) w / h;
            if (shape < ratio.low()) h = Math.max(1, (int) Math.rint(w / ratio.low()));
            else if (shape > ratio.high()) w = Math.max(1, (int) Math.rint(h * ratio.high()));
            return ImageGeometry.crop(image, (image.height() - h) / 2, (image.width() - w) / 2, h, w);
        }
    }

    /** Left becomes right with probability p. */
    record HorizontalFlip(double p) implements Transform {
        public HorizontalFlip {
            Rule.share("p", p);
        }

        @Override
        public Image apply(Image image, SplittableRandom random) {
            return random.nextDouble() < p ? ImageGeometry.flipHorizontally(image) : image;
        }
    }

    /** Top becomes bottom with probability p. */
    record VerticalFlip(double p) implements Transform {
        public VerticalFlip {
            Rule.share("p", p);
        }

        @Override
        public Image apply(Image image, SplittableRandom random) {
            return random.nextDouble() < p ? ImageGeometry.flipVertically(image) : image;
        }
    }

    /**
     * Turns, moves, scales and shears about the center, bilinear, not rounded to whole pixels: right for small images.
     *
     * @param degrees turned by up to this much either way
     * @param translate moved by up to this share of width and of height
     * @param shear of the x axis, in degrees, up to this much either way
     */
    record RandomAffine(double degrees, double translate, ValueRange scale, double shear, double fill)
            implements Transform {
        public RandomAffine {
            Rule.check(degrees >= 0 && degrees <= 180, "degrees must lie in 0..180", degrees);
            Rule.share("translate", translate);
            Rule.check(scale.low() > 0, "scale must be above 0", scale);
            Rule.check(shear >= 0 && shear < 90, "shear must be at least 0 and below 90", shear);
            Rule.check(fill >= 0 && fill <= 255, "fill must lie in 0..255", fill);
        }

        @Override
        public Image apply(Image image, SplittableRandom random) {
            double angle = Math.toRadians(new ValueRange(-degrees, degrees).draw(random));
            double tx = new ValueRange(-translate, translate).draw(random) * image.width();
            double ty = new ValueRange(-translate, translate).draw(random) * image.height();
            double size = scale.draw(random);
            double slope = Math.tan(Math.toRadians(new ValueRange(-shear, shear).draw(random)));
            // Output = size * turn * shear * input + t. Its inverse: unshear * unturn * (output - t) / size.
            double cos = Math.cos(angle) / size;
            double sin = Math.sin(angle) / size;
            double a = cos + slope * sin;
            double b = sin - slope * cos;
            double[] inverse = {a, b, -a * tx - b * ty, -sin, cos, sin * tx - cos * ty};
            return ImageGeometry.affine(image, inverse, fill);
        }
    }

    /** One number or two, each at least 1. */
    private static List<Integer> checkSize(List<Integer> size) {
        boolean two = size.size() == 1 || size.size() == 2;
        Rule.check(
                two && size.stream().allMatch(side -> side >= 1),
                "size must be a whole number above 0, or [H, W]",
                size);
        return List.copyOf(size);
    }
}
