package org.vit4j.data.transforms;

import java.util.List;
import java.util.SplittableRandom;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/** Closed range [low, high] for uniform random numbers. */
public record ValueRange(double low, double high) {
    public ValueRange {
        Checks.require(low <= high, "low (%s) must be at most high (%s)", low, high);
    }

    /** Reads {@code [low, high]}. */
    public static ValueRange read(Section s, String key, ValueRange defaultRange) {
        List<Double> ends = s.doublesAt(key, List.of(defaultRange.low(), defaultRange.high()));
        if (ends.size() == 2 && ends.get(0) <= ends.get(1)) return new ValueRange(ends.get(0), ends.get(1));
        s.reject(key, "expected [low, high], got " + ends);
        return defaultRange;
    }

    public boolean isWithin(double min, double max) {
        return low >= min && high <= max;
    }

    public double draw(SplittableRandom random) {
        return low + (high - low) * random.nextDouble();
    }

    @Override
    public String toString() {
        return "[" + low + ", " + high + "]";
    }
}
