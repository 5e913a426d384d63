package org.vit4j.train;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.DropMask;
import org.vit4j.data.BatchShard;

/**
 * Random masks of dropout, drop path and layer dropout. ND4J's own dropout has no gradient, and its random ops repeat
 * their values. Here the masks of a step depend only on the seed and the step, so a resumed run draws the same masks.
 */
public final class DropoutMasks {
    private DropoutMasks() {}

    /** Adds a mask for each placeholder to {@code inputs}. */
    public static void draw(List<DropMask> masks, long seed, long step, int batch, Map<String, INDArray> inputs) {
        draw(masks, seed, step, BatchShard.all(batch), inputs);
    }

    /** Masks for a shard of a batch: the mask of an image does not depend on how the batch is divided. */
    static void draw(List<DropMask> masks, long seed, long step, BatchShard shard, Map<String, INDArray> inputs) {
        for (int i = 0; i < masks.size(); i++) {
            DropMask mask = masks.get(i);
            SplittableRandom random = new SplittableRandom(mix(mix(seed, step), i));
            float[] values =
                    mask.layers() ? layers(mask, shard.batchSize(), random) : elements(mask, shard.batchSize(), random);
            inputs.put(
                    mask.name(),
                    Nd4j.createFromArray(rows(values, shard))
                            .reshape('c', mask.shape().batched(shard.size())));
        }
    }

    private static float[] rows(float[] values, BatchShard shard) {
        if (shard.size() == shard.batchSize()) return values;
        int row = values.length / shard.batchSize();
        float[] own = new float[shard.size() * row];
        for (int i = 0; i < shard.size(); i++) {
            System.arraycopy(values, shard.positions()[i] * row, own, i * row, row);
        }
        return own;
    }

    private static float[] elements(DropMask mask, int batch, SplittableRandom random) {
        float scale = (float) (1 / (1 - mask.rate()));
        float[] values = new float[Math.toIntExact(batch * mask.perExample())];
        for (int j = 0; j < values.length; j++) values[j] = random.nextDouble() < mask.rate() ? 0 : scale;
        return values;
    }

    /** Drops the same layers for every example; if all would be dropped, keeps one at random. */
    static float[] layers(DropMask mask, int batch, SplittableRandom random) {
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

    /** Hashes two numbers (the finalizer of SplitMix64). */
    static long mix(long a, long b) {
        long z = a * 0x9E3779B97F4A7C15L + b + 0x632BE59BD9B4E019L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
