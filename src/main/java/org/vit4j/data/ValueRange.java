package org.vit4j.data;

import java.util.SplittableRandom;

/** From low to high, from which numbers are drawn evenly. */
public record ValueRange(double low, double high) {
    public ValueRange {
        if (!(low <= high)) {
            throw new IllegalArgumentException("a range goes from low to high ([" + low + ", " + high + "])");
        }
    }

    double draw(SplittableRandom random) {
        return low + (high - low) * random.nextDouble();
    }

    @Override
    public String toString() {
        return "[" + low + ", " + high + "]";
    }
}
