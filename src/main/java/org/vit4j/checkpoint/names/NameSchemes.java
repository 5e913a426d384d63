package org.vit4j.checkpoint.names;

import java.util.List;
import org.vit4j.models.ModelConfig;

/**
 * Naming schemes of the published checkpoints of a network.
 *
 * @param published the scheme of the reference code first: timm, or the authors' code if timm does not have the network
 * @param all the published schemes, followed by schemes that are read but never written
 */
public record NameSchemes(List<CheckpointNames> published, List<CheckpointNames> all) {
    public NameSchemes {
        published = List.copyOf(published);
        all = List.copyOf(all);
    }

    /** Returns the schemes of a network; a network that is not listed here has vit4j's own names. */
    public static NameSchemes of(ModelConfig model) {
        return new NameSchemes(model.schemes(), model.importSchemes());
    }

    /** Returns the parameter names of the reference code. */
    public CheckpointNames reference() {
        return published.get(0);
    }
}
