package org.vit4j.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.ShardLayout;
import org.vit4j.data.random.SeededRandom;
import org.vit4j.data.transforms.AugmentConfig.Sampling;

/**
 * Images of an epoch in order. Depends only on the dataset, the seed and the epoch, so a resumed run has the same order.
 *
 * @param images indices in the dataset
 * @param repeats number of earlier occurrences of the image in its augmentation, which augments them differently
 * @param reads images in the order in which shards are read; empty if they are read in any order
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record EpochOrder(int[] images, int[] repeats, int[] reads) {
    /** Separates the random numbers of balanced sampling from those of the augmentation. */
    private static final long SALT = 0x62616C616E636564L;

    /** Each image once, or 1/copies of the images {@code copies} times in a row, as DeiT's RASampler. */
    static EpochOrder shuffled(Dataset dataset, boolean shuffle, long seed, int epoch, int copies) {
        int size = dataset.size();
        Optional<ShardLayout> shards = dataset.shards();
        int[] order = IntStream.range(0, size).toArray();
        int[] reads = shards.isPresent() ? order : new int[0];
        if (shuffle && shards.isPresent() && shards.get().shuffleBuffer() < size) {
            BufferedShuffle shuffled = BufferedShuffle.of(shards.get(), seed, epoch);
            order = shuffled.images();
            reads = shuffled.reads();
        } else if (shuffle) {
            List<Integer> list = new ArrayList<>(Arrays.stream(order).boxed().toList());
            SeededRandom.shuffle(list, SeededRandom.random(seed, epoch));
            order = list.stream().mapToInt(i -> i).toArray();
        }
        int[] images = order;
        return new EpochOrder(
                IntStream.range(0, size).map(i -> images[i / copies]).toArray(),
                IntStream.range(0, size).map(i -> i % copies).toArray(),
                reads);
    }

    /**
     * As many images as the dataset has, drawn with replacement: each draw has a class with equal probability, and each image
     * of the class with equal probability. That is PyTorch's {@code WeightedRandomSampler} with weights 1 / images of the class.
     */
    static EpochOrder balanced(Dataset dataset, long seed, int epoch, int copies) {
        int[][] byClass = byClass(dataset);
        SplittableRandom random = SeededRandom.random(seed, epoch, SALT);
        int[] images = new int[dataset.size()];
        int[] repeats = new int[images.length];
        int[] occurrences = new int[images.length];
        for (int i = 0; i < images.length; i++) {
            int[] members = byClass[random.nextInt(byClass.length)];
            images[i] = i % copies == 0 ? members[random.nextInt(members.length)] : images[i - 1];
            repeats[i] = occurrences[images[i]]++;
        }
        return new EpochOrder(images, repeats, new int[0]);
    }

    /** The images of each class that has any. */
    private static int[][] byClass(Dataset dataset) {
        int[][] members = Arrays.stream(ClassCounts.of(dataset))
                .mapToObj(count -> new int[Math.toIntExact(count)])
                .toArray(int[][]::new);
        int[] filled = new int[members.length];
        for (int i = 0; i < dataset.size(); i++) {
            int label = dataset.label(i);
            members[label][filled[label]++] = i;
        }
        return Arrays.stream(members).filter(list -> list.length > 0).toArray(int[][]::new);
    }

    /** The order of an epoch of a loader. */
    static EpochOrder of(Dataset dataset, Sampling sampling, boolean shuffle, long seed, int epoch, int copies) {
        return switch (sampling) {
            case SHUFFLED -> shuffled(dataset, shuffle, seed, epoch, copies);
            case BALANCED -> balanced(dataset, seed, epoch, copies);
        };
    }
}
