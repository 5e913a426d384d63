package org.vit4j.data.image;

/** Color conversions in the arithmetic of libjpeg and Pillow. */
final class YccColors {
    private static final int HALF = 1 << 15;

    private YccColors() {}

    /** Converts YCbCr to RGB in place, as libjpeg's ycc_rgb_convert; a fourth component is not changed. */
    static void toRgb(byte[] samples, int components) {
        for (int i = 0; i + components <= samples.length; i += components) {
            int luma = samples[i] & 0xFF;
            int blue = (samples[i + 1] & 0xFF) - 128;
            int red = (samples[i + 2] & 0xFF) - 128;
            samples[i] = clip(luma + ((fixed(1.40200) * red + HALF) >> 16));
            samples[i + 1] = clip(luma + ((-fixed(0.34414) * blue - fixed(0.71414) * red + HALF) >> 16));
            samples[i + 2] = clip(luma + ((fixed(1.77200) * blue + HALF) >> 16));
        }
    }

    /**
     * Converts CMYK to RGB; Adobe stores CMYK inverted.
     *
     * @param complemented true if the first three components are already 255 minus the stored ones, as after {@link #toRgb} of
     *     YCCK
     */
    static byte[] invertedCmykToRgb(byte[] stored, boolean complemented) {
        byte[] inks = new byte[stored.length];
        for (int i = 0; i < inks.length; i++) {
            boolean done = complemented && i % 4 != 3;
            inks[i] = done ? stored[i] : (byte) ~stored[i];
        }
        return cmykToRgb(inks);
    }

    /** Converts CMYK to RGB, [N, 4] -> [N, 3], as Pillow's cmyk2rgb. */
    static byte[] cmykToRgb(byte[] inks) {
        byte[] out = new byte[inks.length / 4 * 3];
        for (int i = 0; i < inks.length / 4; i++) {
            int light = 255 - (inks[4 * i + 3] & 0xFF);
            for (int c = 0; c < 3; c++) {
                int product = (inks[4 * i + c] & 0xFF) * light + 128;
                out[3 * i + c] = clip(light - (((product >> 8) + product) >> 8));
            }
        }
        return out;
    }

    private static int fixed(double factor) {
        return (int) (factor * 65536 + 0.5);
    }

    private static byte clip(int value) {
        return (byte) Math.max(0, Math.min(255, value));
    }
}
