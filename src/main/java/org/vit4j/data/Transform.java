package org.vit4j.data;

import java.util.List;
import java.util.SplittableRandom;
import org.vit4j.config.Checks;

/**
 * Transform of a training image, an entry of {@code data.augment}. The caller passes the random generator, so that the
 * result depends only on seed, epoch and image.
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

    /**
     * Resizes an image.
     *
     * @param size one number: the shorter side, the aspect ratio is kept; two numbers: [H, W]
     */
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

    /** Crops the center; smaller images are padded with zeros. */
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
     * Pads every side, then crops at a random position.
     *
     * @param size of the crop; empty: the image's size before padding
     * @param padding pixels on each side
     */
    record RandomCrop(List<Integer> size, int padding, double fill) implements Transform {
        public RandomCrop {
            size = size.isEmpty() ? List.of() : checkSize(size);
            Checks.check(padding >= 0, "padding", padding, "must be at least 0");
            checkFill(fill);
        }

        @Override
        public Image apply(Image image, SplittableRandom random) {
            int height = size.isEmpty() ? image.height() : size.get(0);
            int width = size.isEmpty() ? image.width() : size.get(size.size() - 1);
            Image padded = ImageGeometry.pad(image, padding, padding, padding, padding, fill);
            // As torchvision with pad_if_needed: too small images are padded on both sides.
            int down = Math.max(0, height - padded.height());
            int across = Math.max(0, width - padded.width());
            Image large = ImageGeometry.pad(padded, down, across, down, across, fill);
            int top = random.nextInt(large.height() - height + 1);
            int left = random.nextInt(large.width() - width + 1);
            return ImageGeometry.crop(large, top, left, height, width);
        }
    }

    /**
     * Resizes a crop of random area and aspect ratio (Szegedy et al. 2014), as torchvision's {@code RandomResizedCrop}.
     *
     * @param scale area of the crop relative to the image
     * @param ratio width over height of the crop
     */
    record RandomResizedCrop(List<Integer> size, ValueRange scale, ValueRange ratio, Interpolation interpolation)
            implements Transform {
        private static final int ATTEMPTS = 10;

        public RandomResizedCrop {
            size = checkSize(size);
            Checks.check(scale.low() > 0 && scale.high() <= 1, "scale", scale, "must be in (0, 1]");
            Checks.check(ratio.low() > 0, "ratio", ratio, "must be positive");
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
            return largestCenter(image);
        }

        /** Fallback if no random crop fits: the largest center crop with an allowed aspect ratio. */
        private Image largestCenter(Image image) {
            int h = image.height();
            int w = image.width();
            double aspect = (double) w / h;
            if (aspect < ratio.low()) h = Math.max(1, (int) Math.rint(w / ratio.low()));
            else if (aspect > ratio.high()) w = Math.max(1, (int) Math.rint(h * ratio.high()));
            return ImageGeometry.crop(image, (image.height() - h) / 2, (image.width() - w) / 2, h, w);
        }
    }

    /** Swaps left and right with probability p. */
    record HorizontalFlip(double p) implements Transform {
        public HorizontalFlip {
            Checks.fraction("p", p);
        }

        @Override
        public Image apply(Image image, SplittableRandom random) {
            return random.nextDouble() < p ? ImageGeometry.flipHorizontally(image) : image;
        }
    }

    /** Swaps top and bottom with probability p. */
    record VerticalFlip(double p) implements Transform {
        public VerticalFlip {
            Checks.fraction("p", p);
        }

        @Override
        public Image apply(Image image, SplittableRandom random) {
            return random.nextDouble() < p ? ImageGeometry.flipVertically(image) : image;
        }
    }

    /**
     * Rotates, translates, scales and shears about the center with bilinear sampling. Translations are not rounded to whole
     * pixels, which suits small images.
     *
     * @param degrees maximum rotation in either direction
     * @param translate maximum translation in either direction, as a share of width and height
     * @param shear maximum shear of the x axis in either direction, in degrees
     */
    record RandomAffine(double degrees, double translate, ValueRange scale, double shear, double fill)
            implements Transform {
        public RandomAffine {
            Checks.check(degrees >= 0 && degrees <= 180, "degrees", degrees, "must be in [0, 180]");
            Checks.fraction("translate", translate);
            Checks.check(scale.low() > 0, "scale", scale, "must be positive");
            Checks.check(shear >= 0 && shear < 90, "shear", shear, "must be in [0, 90)");
            checkFill(fill);
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
    }

    /** Requires one or two numbers, each at least 1. */
    private static List<Integer> checkSize(List<Integer> size) {
        boolean oneOrTwo = size.size() == 1 || size.size() == 2;
        boolean positive = size.stream().allMatch(side -> side >= 1);
        Checks.check(oneOrTwo && positive, "size", size, "must be one integer or [H, W], each at least 1");
        return List.copyOf(size);
    }

    private static void checkFill(double fill) {
        Checks.check(fill >= 0 && fill <= 255, "fill", fill, "must be in [0, 255]");
    }
}
