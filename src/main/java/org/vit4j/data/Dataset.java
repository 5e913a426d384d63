package org.vit4j.data;

import java.util.List;

/** Labeled images in a fixed order. Implementations are read by several threads at once. */
public interface Dataset {

    int size();

    /** Returns an image [H, W, C] of any size, which must not be modified. */
    Image image(int index);

    /** Class of an image, an index of {@link #classes()}. */
    int label(int index);

    /** Name of an image for messages and reports: a file, or dataset and index. */
    String name(int index);

    /** The names of the classes, in the order of the network's outputs. */
    List<String> classes();
}
