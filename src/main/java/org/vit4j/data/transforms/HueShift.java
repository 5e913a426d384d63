package org.vit4j.data.transforms;

import org.vit4j.data.image.ByteImage;
import org.vit4j.data.image.Image;

/** torchvision's {@code adjust_hue} on Pillow's HSV of three bytes (src/libImaging/Convert.c), bit for bit. */
final class HueShift {
    private HueShift() {}

    /**
     * Shifts the hue; images of one channel are returned unchanged.
     *
     * @param hue -0.5..0.5 of the color circle
     */
    static Image shift(Image image, double hue) {
        if (image.channels() == 1) return image;
        int offset = (int) (hue * 255); // truncated; the sum wraps around in a byte
        ByteImage bytes = image.toBytes();
        byte[] out = bytes.pixels().clone();
        for (int i = 0; i < out.length; i += 3) {
            int hsv = toHsv(out[i] & 0xFF, out[i + 1] & 0xFF, out[i + 2] & 0xFF);
            int rgb = toRgb(((hsv >> 16) + offset) & 0xFF, hsv >> 8 & 0xFF, hsv & 0xFF);
            out[i] = (byte) (rgb >> 16);
            out[i + 1] = (byte) (rgb >> 8);
            out[i + 2] = (byte) rgb;
        }
        return Image.of(new ByteImage(image.height(), image.width(), 3, out));
    }

    /** Returns h, s and v, one byte each, h in the highest. */
    static int toHsv(int r, int g, int b) {
        int max = Math.max(r, Math.max(g, b));
        int min = Math.min(r, Math.min(g, b));
        if (max == min) return max;
        float range = max - min;
        float red = (max - r) / range;
        float green = (max - g) / range;
        float blue = (max - b) / range;
        float hue;
        if (r == max) hue = blue - green;
        else if (g == max) hue = (float) (2.0 + red - blue);
        else hue = (float) (4.0 + green - red);
        hue = (float) ((hue / 6.0 + 1.0) % 1.0); // never negative
        float saturation = range / max;
        return clip((int) (hue * 255.0)) << 16 | clip((int) (saturation * 255.0)) << 8 | max;
    }

    /** Returns r, g and b, one byte each, r in the highest. */
    static int toRgb(int h, int s, int v) {
        if (s == 0) return v << 16 | v << 8 | v;
        int sector = (int) Math.floor(h * 6.0f / 255.0);
        float fraction = (float) (h * 6.0f / 255.0 - sector);
        float saturation = (float) (s / 255.0);
        int p = round(v * (1.0 - saturation));
        int q = round(v * (1.0 - saturation * fraction));
        int t = round(v * (1.0 - saturation * (1.0 - fraction)));
        return switch (sector % 6) {
            case 0 -> v << 16 | t << 8 | p;
            case 1 -> q << 16 | v << 8 | p;
            case 2 -> p << 16 | v << 8 | t;
            case 3 -> p << 16 | q << 8 | v;
            case 4 -> t << 16 | p << 8 | v;
            default -> v << 16 | p << 8 | q;
        };
    }

    /** C's {@code round} for non-negative values: halves are rounded up. */
    private static int round(double value) {
        return clip((int) Math.floor(value + 0.5));
    }

    private static int clip(int value) {
        return Math.min(255, Math.max(0, value));
    }
}
