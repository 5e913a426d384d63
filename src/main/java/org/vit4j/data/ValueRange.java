package org.vit4j.data;

import java.util.SplittableRandom;
import org.vit4j.config.Checks;

/** Closed range [low, high] for uniform random numbers. */
public record ValueRange(double low, double high) {
    public ValueRange {
        Checks.require(low <= high, "low (%s) must be at most high (%s)", low, high);
    }

    boolean isWithin(double min, double max) {
        return low >= min && high <= max;
    }

    double draw(SplittableRandom random) {
        return low + (high - low) * random.nextDouble();
    }

    @Override
    public String toString() {
        return "[" + low + ", " + high + "]";
    }
}
