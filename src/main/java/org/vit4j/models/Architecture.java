package org.vit4j.models;

import java.util.Optional;
import org.vit4j.config.Section;

/**
 * Network that {@link Models} can read: the value of {@code model.arch}, the flavor, and the reader of its keys.
 *
 * <p>Users add their own with {@link Models#with}.
 */
public record Architecture(String arch, Flavor flavor, ModelReader reader) {
    /** Reader of the keys of one network in a {@code model:} section. */
    @FunctionalInterface
    public interface ModelReader {
        /**
         * Reads the keys of a network.
         *
         * @param image value of {@code model.image}
         * @param classes value of {@code model.classes}
         * @return empty if the section is wrong; the problems are reported to the section
         */
        Optional<? extends ModelConfig> read(Section s, ImageSpec image, int classes);
    }
}
