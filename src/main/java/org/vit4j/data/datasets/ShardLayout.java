package org.vit4j.data.datasets;

import java.util.List;

/**
 * Storage of images in shards that are best read in order.
 *
 * @param sizes number of images of each shard; the images of the dataset are those of the shards, in order
 * @param shuffleBuffer number of images among which a shuffled order draws the next one
 */
public record ShardLayout(List<Integer> sizes, int shuffleBuffer) {
    public ShardLayout {
        sizes = List.copyOf(sizes);
    }
}
