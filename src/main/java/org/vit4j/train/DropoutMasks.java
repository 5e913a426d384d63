package org.vit4j.train;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.samediff.SameDiffGraph;
import org.vit4j.data.BatchShard;

/**
 * The random masks of dropout, drop path and layer dropout. ND4J's own dropout has no gradient, and its random ops repeat their draw;
 * here the numbers of a step depend on the seed and the step alone, so a run that is resumed draws the same.
 */
public final class DropoutMasks {
    private DropoutMasks() {}

    /** Puts a mask for each of the placeholders into {@code inputs}. */
    public static void draw(
            List<SameDiffGraph.DropMask> masks, long seed, long step, int batch, Map<String, INDArray> inputs) {
        draw(masks, seed, step, BatchShard.all(batch), inputs);
    }

    /** The same for part of a batch: what is drawn for an image does not depend on who computes it. */
    static void draw(
            List<SameDiffGraph.DropMask> masks, long seed, long step, BatchShard part, Map<String, INDArray> inputs) {
        for (int i = 0; i < masks.size(); i++) {
            SameDiffGraph.DropMask mask = masks.get(i);
            SplittableRandom random = new SplittableRandom(mix(mix(seed, step), i));
            float[] values = mask.layers() ? layers(mask, part.batchSize(), random) : elements(mask, part.batchSize(), random);
            inputs.put(
                    mask.name(),
                    Nd4j.createFromArray(rows(values, part))
                            .reshape('c', mask.shape().batched(part.size())));
        }
    }

    private static float[] rows(float[] values, BatchShard part) {
        if (part.size() == part.batchSize()) return values;
        int row = values.length / part.batchSize();
        float[] some = new float[part.size() * row];
        for (int i = 0; i < part.size(); i++) {
            System.arraycopy(values, part.positions()[i] * row, some, i * row, row);
        }
        return some;
    }

    private static float[] elements(SameDiffGraph.DropMask mask, int batch, SplittableRandom random) {
        float kept = (float) (1 / (1 - mask.rate()));
        float[] values = new float[Math.toIntExact(batch * mask.perExample())];
        for (int j = 0; j < values.length; j++) values[j] = random.nextDouble() < mask.rate() ? 0 : kept;
        return values;
    }

    /** The same layers for every example; when chance would leave none, it picks the one that stays. */
    static float[] layers(SameDiffGraph.DropMask mask, int batch, SplittableRandom random) {
        int layers = Math.toIntExact(mask.perExample());
        float[] values = new float[batch * layers];
        boolean any = false;
        for (int j = 0; j < layers; j++) {
            values[j] = random.nextDouble() < mask.rate() ? 0 : 1;
            any |= values[j] > 0;
        }
        if (!any) values[random.nextInt(layers)] = 1;
        for (int b = 1; b < batch; b++) System.arraycopy(values, 0, values, b * layers, layers);
        return values;
    }

    /** Two numbers into one that looks like neither (the finaliser of SplitMix64). */
    static long mix(long a, long b) {
        long z = a * 0x9E3779B97F4A7C15L + b + 0x632BE59BD9B4E019L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
