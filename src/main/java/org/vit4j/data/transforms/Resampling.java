package org.vit4j.data.transforms;

import java.util.Optional;
import org.vit4j.data.image.ByteImage;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageGeometry;
import org.vit4j.data.image.ImageTooLargeException;
import org.vit4j.data.image.PixelBox;

/**
 * Resizing as in Pillow up to 11 (src/libImaging/Resample.c): a horizontal pass, then a vertical one (later releases choose
 * the order by cost, which changes some pixels by 1). When downsizing, the filter is widened by the scale factor
 * (antialiasing). Images of integers use Pillow's 8-bit path, {@link ByteResampling}, and equal Pillow's; other images use
 * its floating-point path.
 */
public final class Resampling {
    private Resampling() {}

    /** [H, W, C] -> [height, width, C] */
    public static Image resize(Image image, int height, int width, Interpolation interpolation) {
        return resize(image, PixelBox.of(image.height(), image.width()), height, width, interpolation);
    }

    /** Resizes a part of an image, as if it was cropped first. */
    static Image resize(Image image, PixelBox part, int height, int width, Interpolation interpolation) {
        checkSize(height, width);
        Optional<ByteImage> bytes = image.integers();
        boolean same = height == part.height() && width == part.width();
        if (same || bytes.isEmpty()) {
            Image cropped = ImageGeometry.crop(image, part.top(), part.left(), part.height(), part.width());
            return same ? cropped : smooth(cropped, height, width, interpolation);
        }
        PixelBox all = PixelBox.of(height, width);
        return Image.of(ByteResampling.resize(bytes.get(), part, height, width, all, interpolation));
    }

    /** Resizes the shorter side to {@code size}, as torchvision's {@code Resize(int)}: the other side is truncated. */
    public static Image resizeShorter(Image image, int size, Interpolation interpolation) {
        int[] to = shorterSize(image, size);
        return resize(image, to[0], to[1], interpolation);
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
     * Resizes and crops the center. Equal to {@link ImageGeometry#centerCrop} of the resized image, but computes only the
     * pixels of the crop.
     *
     * @param resized height and width, at least those of the crop
     */
    public static Image resizeCenterCrop(
            Image image, int[] resized, int height, int width, Interpolation interpolation) {
        checkSize(height, width);
        Optional<ByteImage> bytes = image.integers();
        if (bytes.isEmpty() || (resized[0] == image.height() && resized[1] == image.width())) {
            return ImageGeometry.centerCrop(resize(image, resized[0], resized[1], interpolation), height, width);
        }
        int top = (int) Math.rint((resized[0] - height) / 2.0);
        int left = (int) Math.rint((resized[1] - width) / 2.0);
        PixelBox all = PixelBox.of(image.height(), image.width());
        PixelBox window = new PixelBox(top, left, height, width);
        return Image.of(ByteResampling.resize(bytes.get(), all, resized[0], resized[1], window, interpolation));
    }

    /**
     * Resizes values that are not pixels, without rounding even if all are integers: PyTorch's {@code interpolate} with
     * {@code antialias=True}.
     */
    public static Image smooth(Image image, int height, int width, Interpolation interpolation) {
        checkSize(height, width);
        if (height == image.height() && width == image.width()) return image;
        if (interpolation == Interpolation.NEAREST) return nearest(image, height, width);
        Image wide = width == image.width() ? image : horizontal(image, width, interpolation);
        return height == wide.height() ? wide : vertical(wide, height, interpolation);
    }

    private static void checkSize(int height, int width) {
        if (height < 1 || width < 1) {
            throw new IllegalArgumentException("an image needs at least one pixel (" + height + "x" + width + ")");
        }
    }

    private static Image horizontal(Image image, int width, Interpolation interpolation) {
        int c = image.channels();
        ResizeTaps taps = ResizeTaps.of(image.width(), width, 0, width, interpolation);
        float[] in = image.pixels();
        float[] out = new float[ImageTooLargeException.length(image.height(), width, c)];
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < width; x++) {
                int from = (y * image.width() + taps.first()[x]) * c;
                for (int k = 0; k < c; k++) out[(y * width + x) * c + k] = sum(in, from + k, c, taps, x);
            }
        }
        return new Image(image.height(), width, c, out);
    }

    private static Image vertical(Image image, int height, Interpolation interpolation) {
        int row = image.width() * image.channels();
        ResizeTaps taps = ResizeTaps.of(image.height(), height, 0, height, interpolation);
        float[] in = image.pixels();
        float[] out = new float[ImageTooLargeException.length(height, image.width(), image.channels())];
        for (int y = 0; y < height; y++) {
            int from = taps.first()[y] * row;
            for (int x = 0; x < row; x++) out[y * row + x] = sum(in, from + x, row, taps, y);
        }
        return new Image(height, image.width(), image.channels(), out);
    }

    /** Output pixel {@code i} of {@code taps}, from values at {@code from}, {@code from + step}, ... */
    private static float sum(float[] values, int from, int step, ResizeTaps taps, int i) {
        double sum = 0;
        for (int k = 0; k < taps.count()[i]; k++) {
            sum += values[from + k * step] * taps.weights()[i * taps.stride() + k];
        }
        return (float) sum;
    }

    private static Image nearest(Image image, int height, int width) {
        int c = image.channels();
        int[] columns = ResizeTaps.nearest(image.width(), width, 0, width);
        int[] rows = ResizeTaps.nearest(image.height(), height, 0, height);
        float[] in = image.pixels();
        float[] out = new float[ImageTooLargeException.length(height, width, c)];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int from = (rows[y] * image.width() + columns[x]) * c;
                System.arraycopy(in, from, out, (y * width + x) * c, c);
            }
        }
        return new Image(height, width, c, out);
    }
}
