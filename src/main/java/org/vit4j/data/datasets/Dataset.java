package org.vit4j.data.datasets;

import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import org.vit4j.data.image.Image;

/**
 * Labeled images in a fixed order. Users of the library implement it for their own images.
 *
 * <p>Implementations are read by several threads at once. An image is best decoded on access, since a loader reads every
 * image once per epoch.
 */
public interface Dataset {

    int size();

    /** Returns an image [H, W, C] of any size, which must not be modified. */
    Image image(int index);

    /**
     * Returns true if {@link #image} returns a new image at each call, which the dataset does not keep. A loader then reuses
     * the memory of the images that it has used.
     */
    default boolean decodesOnAccess() {
        return false;
    }

    /** Shards of the images; empty if an image is read equally fast in any order. */
    default Optional<ShardLayout> shards() {
        return Optional.empty();
    }

    /** Starts to read the images of a plan, for a dataset with shards in the order of the plan's reads. */
    default ImagePass pass(ReadPlan plan) {
        return position -> image(plan.images()[position]);
    }

    /** Class of an image, an index of {@link #classes()}. */
    int label(int index);

    /**
     * All labels of an image by its index, in ascending order; empty if each image has exactly one label. {@link #label} is
     * then the first of them.
     */
    default Optional<IntFunction<int[]>> labelLists() {
        return Optional.empty();
    }

    /** Name of an image for messages and reports: a file, or dataset and index. */
    String name(int index);

    /** The names of the classes, in the order of the network's outputs. */
    List<String> classes();
}
