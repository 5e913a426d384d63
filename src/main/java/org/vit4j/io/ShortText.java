package org.vit4j.io;

/** Parts of texts. */
public final class ShortText {
    private ShortText() {}

    /** The first {@code length} UTF-16 units, or one less if the last would be half of a character. */
    public static String prefix(String text, int length) {
        if (text.length() <= length) return text;
        return text.substring(0, Character.isHighSurrogate(text.charAt(length - 1)) ? length - 1 : length);
    }
}
