package org.vit4j.tracking;

import org.vit4j.io.ShortText;

/** Limits of MLflow on names and values. */
final class MlflowNames {
    private static final int LONGEST_KEY = 250;
    private static final int LONGEST_PARAMETER = 6000;
    private static final int LONGEST_TAG = 5000;

    private MlflowNames() {}

    /** Returns a valid name: {@code data.augment[0].name} becomes {@code data.augment.0.name}. */
    static String key(String path) {
        String valid = path.replaceAll("\\[(\\d+)]", ".$1").replaceAll("[^A-Za-z0-9_. :/-]", "_");
        return shortened(valid, LONGEST_KEY);
    }

    /** Returns the value of a parameter, shortened if it is too long. */
    static String parameter(String value) {
        return shortened(value, LONGEST_PARAMETER);
    }

    /** Returns the value of a tag, shortened if it is too long. */
    static String tag(String value) {
        return shortened(value, LONGEST_TAG);
    }

    private static String shortened(String text, int length) {
        return text.length() <= length ? text : ShortText.prefix(text, length - 3) + "...";
    }
}
