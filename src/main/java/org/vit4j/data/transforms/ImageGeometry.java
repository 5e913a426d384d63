package org.vit4j.data.transforms;

import java.util.Arrays;
import org.vit4j.data.image.Image;

/** Crops, padding, flips and affine transforms, shared by {@link Transform} and {@link Preprocessing}. */
public final class ImageGeometry {
    private ImageGeometry() {}

    /** Resizes the shorter side to {@code size}, as torchvision's {@code Resize(int)}: the other side is truncated. */
    public static Image resizeShorter(Image image, int size, Interpolation interpolation) {
        int[] to = shorterSize(image, size);
        return Resampling.resize(image, to[0], to[1], interpolation);
    }

    /** Height and width after {@link #resizeShorter}. */
    public static int[] shorterSize(Image image, int size) {
        int h = image.height();
        int w = image.width();
        if (Math.min(h, w) == size) return new int[] {h, w};
        int longer = (int) ((double) ((long) size * Math.max(h, w)) / Math.min(h, w));
        return w <= h ? new int[] {longer, size} : new int[] {size, longer};
    }

    /**
     * Resizes and crops the center. Equal to {@link #centerCrop} of the resized image, but computes only the pixels of the
     * crop.
     *
     * @param resized height and width, at least those of the crop
     */
    public static Image resizeCenterCrop(
            Image image, int[] resized, int height, int width, Interpolation interpolation) {
        int top = (int) Math.rint((resized[0] - height) / 2.0);
        int left = (int) Math.rint((resized[1] - width) / 2.0);
        return image.bytes()
                .map(bytes -> Image.of(
                        ByteResampling.resize(bytes, resized, new int[] {top, left, height, width}, interpolation)))
                .orElseGet(() ->
                        centerCrop(Resampling.resize(image, resized[0], resized[1], interpolation), height, width));
    }

    /** Crops the center [H, W, C] -> [height, width, C], as torchvision's center_crop; too small images get zeros around. */
    public static Image centerCrop(Image image, int height, int width) {
        int down = Math.max(0, height - image.height());
        int across = Math.max(0, width - image.width());
        Image padded = pad(image, down / 2, across / 2, (down + 1) / 2, (across + 1) / 2, 0);
        int top = (int) Math.rint((padded.height() - height) / 2.0); // Python's round: ties to the even number
        int left = (int) Math.rint((padded.width() - width) / 2.0);
        return crop(padded, top, left, height, width);
    }

    static Image crop(Image image, int top, int left, int height, int width) {
        if (height == image.height() && width == image.width()) return image;
        int c = image.channels();
        Object out = image.newValues(height, width);
        for (int y = 0; y < height; y++) {
            int from = ((top + y) * image.width() + left) * c;
            System.arraycopy(image.values(), from, out, y * width * c, width * c);
        }
        return image.withValues(height, width, out);
    }

    static Image pad(Image image, int top, int left, int bottom, int right, double fill) {
        if (top + left + bottom + right == 0) return image;
        int c = image.channels();
        int height = image.height() + top + bottom;
        int width = image.width() + left + right;
        boolean whole = fill == (int) fill && fill >= 0 && fill <= 255;
        if (!whole && image.bytes().isPresent()) {
            Image floats = new Image(image.height(), image.width(), c, image.pixels());
            return pad(floats, top, left, bottom, right, fill);
        }
        Object out = image.newValues(height, width);
        if (out instanceof byte[] bytes) Arrays.fill(bytes, (byte) (int) fill);
        else Arrays.fill((float[]) out, (float) fill);
        for (int y = 0; y < image.height(); y++) {
            int to = ((top + y) * width + left) * c;
            System.arraycopy(image.values(), y * image.width() * c, out, to, image.width() * c);
        }
        return image.withValues(height, width, out);
    }

    static Image flipHorizontally(Image image) {
        int c = image.channels();
        int w = image.width();
        Object out = image.newValues(image.height(), w);
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < w; x++) {
                System.arraycopy(image.values(), (y * w + x) * c, out, (y * w + w - 1 - x) * c, c);
            }
        }
        return image.withValues(image.height(), w, out);
    }

    static Image flipVertically(Image image) {
        int row = image.width() * image.channels();
        Object out = image.newValues(image.height(), image.width());
        for (int y = 0; y < image.height(); y++) {
            System.arraycopy(image.values(), y * row, out, (image.height() - 1 - y) * row, row);
        }
        return image.withValues(image.height(), image.width(), out);
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
}
