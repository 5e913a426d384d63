package org.vit4j.data;

import java.util.List;

/** Labelled pictures, in a fixed order. Read from several threads at once. */
public interface Dataset {

    int size();

    /** The picture [H, W, C], of any size, not to be written to. */
    Image image(int index);

    /** The class of a picture, an index of {@link #classes()}. */
    int label(int index);

    /** How the picture is named to people: a file, or dataset and number. */
    String name(int index);

    /** The names of the classes, in the order of the network's outputs. */
    List<String> classes();
}
