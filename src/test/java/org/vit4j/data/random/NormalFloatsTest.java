package org.vit4j.data.random;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class NormalFloatsTest {

    @Test
    void blocksEqualSingleDrawsBitForBit() {
        SplittableRandom sizes = new SplittableRandom(3);
        NormalFloats normal = new NormalFloats();
        float[] drawn = new float[1000];
        for (long seed = 0; seed < 1500; seed++) {
            int count = sizes.nextInt(drawn.length + 1);
            int from = sizes.nextInt(drawn.length - count + 1);
            SplittableRandom random = new SplittableRandom(seed);
            normal.fill(drawn, from, count, random);
            SplittableRandom expected = new SplittableRandom(seed);
            for (int i = from; i < from + count; i++) {
                assertEquals((float) RandomDistributions.normal(expected), drawn[i], "seed " + seed + ", value " + i);
            }
            assertEquals(expected.nextLong(), random.nextLong(), "next draw after seed " + seed);
        }
    }

    @Test
    void logarithmIsPreciseForAllSquares() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 300_000; i++) {
            double value = i % 2 == 0 ? random.nextDouble() * 0.98 : Math.pow(2, -100 * random.nextDouble()) * 0.98;
            double exact = StrictMath.log(value);
            assertEquals(exact, NormalFloats.log(value), Math.abs(exact) * 0x1p-44, "log of " + value);
        }
    }
}
