package org.vit4j.model;

import java.util.List;

/** Source of weights for {@link Network#load(WeightsLoader)}: a published checkpoint, or an own format. */
@FunctionalInterface
public interface WeightsLoader {
    /**
     * Sets the parameters of a network.
     *
     * @return descriptions of all changes other than copying
     * @throws org.vit4j.config.ConfigError if the weights do not fit
     */
    List<String> loadInto(Network network);
}
