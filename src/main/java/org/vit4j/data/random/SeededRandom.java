package org.vit4j.data.random;

import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;

/** Deterministic random generators keyed by numbers such as (seed, epoch, index). */
public final class SeededRandom {
    private SeededRandom() {}

    /** Fisher-Yates shuffle in place. */
    public static void shuffle(List<Integer> list, SplittableRandom random) {
        for (int i = list.size() - 1; i > 0; i--) Collections.swap(list, i, random.nextInt(i + 1));
    }

    /** Independent generator for a combination of keys. */
    public static SplittableRandom random(long... keys) {
        long state = 0;
        for (long key : keys) state = mix(state + 0x9E3779B97F4A7C15L + mix(key));
        return new SplittableRandom(state);
    }

    /** Finalizer of SplitMix64 (Steele, Lea and Flood 2014). */
    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
