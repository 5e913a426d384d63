package org.vit4j.data.datasets;

/**
 * The images of one pass over a dataset.
 *
 * @param images index of the image at each position
 * @param reads images in the order in which they are best read, each once; empty if there is none
 * @param from first position that is needed
 * @param to position after the last that is needed
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record ReadPlan(int[] images, int[] reads, int from, int to) {
    public ReadPlan {
        if (from < 0 || from > to || to > images.length)
            throw new IllegalArgumentException(
                    "positions (" + from + ", " + to + ") must be in [0, " + images.length + "]");
    }
}
