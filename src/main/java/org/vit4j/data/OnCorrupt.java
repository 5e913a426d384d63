package org.vit4j.data;

/** What becomes of a picture that cannot be read; the words of {@code data.on_corrupt}. */
public enum OnCorrupt {
    /** It stops the run, by name. */
    FAIL,
    /** It is logged once and replaced by the next readable picture of its class. */
    SKIP
}
