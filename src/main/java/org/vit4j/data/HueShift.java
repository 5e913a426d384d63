package org.vit4j.data;

/** Pillow's HSV, all three in 0..255 (src/libImaging/Convert.c), and torchvision's change of hue on it, bit by bit. */
final class HueShift {
    private HueShift() {}

    /** @param turn -0.5..0.5 of the color circle; gray pictures have no hue and stay */
    static Image shift(Image image, double turn) {
        if (image.channels() == 1) return image;
        int by = (int) (turn * 255); // cut towards zero, then in a byte
        float[] out = image.pixels().clone();
        for (int i = 0; i < out.length; i += 3) {
            int hsv = toHsv((int) out[i], (int) out[i + 1], (int) out[i + 2]);
            int rgb = toRgb(((hsv >> 16) + by) & 0xFF, hsv >> 8 & 0xFF, hsv & 0xFF);
            out[i] = rgb >> 16;
            out[i + 1] = rgb >> 8 & 0xFF;
            out[i + 2] = rgb & 0xFF;
        }
        return new Image(image.height(), image.width(), 3, out);
    }

    /** h, s and v, a byte each. */
    static int toHsv(int r, int g, int b) {
        int high = Math.max(r, Math.max(g, b));
        int low = Math.min(r, Math.min(g, b));
        if (high == low) return high;
        float range = high - low;
        float red = (high - r) / range;
        float green = (high - g) / range;
        float blue = (high - b) / range;
        float hue;
        if (r == high) hue = blue - green;
        else if (g == high) hue = (float) (2.0 + red - blue);
        else hue = (float) (4.0 + green - red);
        hue = (float) ((hue / 6.0 + 1.0) % 1.0); // never negative
        float saturation = range / high;
        return clip((int) (hue * 255.0)) << 16 | clip((int) (saturation * 255.0)) << 8 | high;
    }

    /** r, g and b, a byte each. */
    static int toRgb(int h, int s, int v) {
        if (s == 0) return v << 16 | v << 8 | v;
        int sector = (int) Math.floor(h * 6.0f / 255.0);
        float part = (float) (h * 6.0f / 255.0 - sector);
        float share = (float) (s / 255.0);
        int p = round(v * (1.0 - share));
        int q = round(v * (1.0 - share * part));
        int t = round(v * (1.0 - share * (1.0 - part)));
        return switch (sector % 6) {
            case 0 -> v << 16 | t << 8 | p;
            case 1 -> q << 16 | v << 8 | p;
            case 2 -> p << 16 | v << 8 | t;
            case 3 -> p << 16 | q << 8 | v;
            case 4 -> t << 16 | p << 8 | v;
            default -> v << 16 | p << 8 | q;
        };
    }

    /** C's {@code round} of what is not negative: halves up. */
    private static int round(double value) {
        return clip((int) Math.floor(value + 0.5));
    }

    private static int clip(int value) {
        return Math.min(255, Math.max(0, value));
    }
}
