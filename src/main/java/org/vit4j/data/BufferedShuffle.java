package org.vit4j.data;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.vit4j.data.datasets.ShardLayout;
import org.vit4j.data.random.SeededRandom;

/**
 * Order of images in shards: the shards in random order, their images in sequence through a buffer, from which each image is
 * drawn with equal probability. Depends only on the layout, the seed and the epoch.
 *
 * @param images [N] in the order of training
 * @param reads [N] in the order of reading; position i of {@code images} is among the first i + buffer of them
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record BufferedShuffle(int[] images, int[] reads) {
    /** Separates these random numbers from those of the augmentation. */
    private static final long SALT = 0x736861726473L;

    static BufferedShuffle of(ShardLayout layout, long seed, int epoch) {
        SplittableRandom random = SeededRandom.random(seed, epoch, SALT);
        int[] reads = reads(layout.sizes(), random);
        int n = reads.length;
        int[] buffer = java.util.Arrays.copyOf(reads, Math.min(n, Math.max(1, layout.shuffleBuffer())));
        int[] images = new int[n];
        int held = buffer.length;
        for (int i = 0; i < n; i++) {
            int slot = random.nextInt(held);
            images[i] = buffer[slot];
            int next = i + buffer.length;
            buffer[slot] = next < n ? reads[next] : buffer[--held];
        }
        return new BufferedShuffle(images, reads);
    }

    private static int[] reads(List<Integer> sizes, SplittableRandom random) {
        int[] first = new int[sizes.size() + 1];
        for (int i = 0; i < sizes.size(); i++) first[i + 1] = first[i] + sizes.get(i);
        List<Integer> shards =
                new ArrayList<>(IntStream.range(0, sizes.size()).boxed().toList());
        SeededRandom.shuffle(shards, random);
        return shards.stream()
                .flatMapToInt(shard -> IntStream.range(first[shard], first[shard + 1]))
                .toArray();
    }
}
