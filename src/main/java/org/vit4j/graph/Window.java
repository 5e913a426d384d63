package org.vit4j.graph;

import java.util.Locale;

/**
 * Kernel size, stride, padding and dilation of a convolution or pooling.
 *
 * @param padHeight zeros above and below, padWidth left and right, as PyTorch's symmetric {@code padding}
 */
public record Window(
        int kernelHeight,
        int kernelWidth,
        int strideHeight,
        int strideWidth,
        int padHeight,
        int padWidth,
        int dilation) {

    public Window {
        boolean positive = Math.min(Math.min(kernelHeight, kernelWidth), Math.min(strideHeight, strideWidth)) >= 1;
        if (!positive || padHeight < 0 || padWidth < 0 || dilation < 1) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "kernel %dx%d, stride %dx%d and dilation %d must be at least 1, padding %dx%d at least 0",
                    kernelHeight,
                    kernelWidth,
                    strideHeight,
                    strideWidth,
                    dilation,
                    padHeight,
                    padWidth));
        }
    }

    /** Square window without dilation. */
    public static Window square(int kernel, int stride, int pad) {
        return new Window(kernel, kernel, stride, stride, pad, pad, 1);
    }

    /** Window of non-overlapping patches: stride equal to the kernel. */
    public static Window patches(int height, int width) {
        return new Window(height, width, height, width, 0, 0, 1);
    }

    /** Returns true if a window can lie in the padding completely. */
    public boolean reachesOnlyPadding() {
        return padHeight >= kernelHeight || padWidth >= kernelWidth;
    }

    public int outHeight(int height) {
        return out(height, kernelHeight, strideHeight, padHeight);
    }

    public int outWidth(int width) {
        return out(width, kernelWidth, strideWidth, padWidth);
    }

    private int out(int size, int kernel, int stride, int pad) {
        int reach = dilation * (kernel - 1) + 1;
        if (size + 2 * pad < reach) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT, "a window of %d does not fit into %d pixels with padding %d", reach, size, pad));
        }
        return (size + 2 * pad - reach) / stride + 1;
    }
}
