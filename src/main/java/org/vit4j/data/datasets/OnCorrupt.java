package org.vit4j.data.datasets;

/** Handling of images that cannot be read; values of {@code data.on_corrupt}. */
public enum OnCorrupt {
    /** Ends the run with an error that names the image. */
    FAIL,
    /** Logs the image once and replaces it by the next readable image of its class. */
    SKIP
}
