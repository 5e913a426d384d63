package org.vit4j.data.transforms;

import java.util.List;
import org.vit4j.config.Checks;

/** Checks of parameters that several transforms have. */
final class TransformChecks {
    private TransformChecks() {}

    /** Largest side and padding, far above what fits the memory. */
    private static final int MAX_SIDE = 1 << 16;

    /** Requires one or two numbers, each at least 1. */
    static List<Integer> size(List<Integer> size) {
        boolean oneOrTwo = size.size() == 1 || size.size() == 2;
        boolean positive = size.stream().allMatch(side -> side >= 1);
        Checks.check(oneOrTwo && positive, "size", size, "must be one integer or [H, W], each at least 1");
        size.forEach(side -> atMost("size", side));
        return List.copyOf(size);
    }

    static void padding(int padding) {
        Checks.check(padding >= 0, "padding", padding, "must be at least 0");
        atMost("padding", padding);
    }

    private static void atMost(String key, int pixels) {
        Checks.check(pixels <= MAX_SIDE, key, pixels, "must be at most " + MAX_SIDE);
    }

    static void fill(double fill) {
        Checks.check(fill >= 0 && fill <= 255, "fill", fill, "must be in [0, 255]");
    }
}
