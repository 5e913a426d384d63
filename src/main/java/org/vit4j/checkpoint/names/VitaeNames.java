package org.vit4j.checkpoint.names;

import org.vit4j.models.Vitae;
import org.vit4j.models.VitaeStage;

/** Published parameter names of ViTAE; vit4j's names are those of the authors. */
final class VitaeNames {
    private VitaeNames() {}

    /** Names of the authors' code, whose linear attention owns a norm that it never calls. */
    static CheckpointNames authors(Vitae vitae) {
        CheckpointNames names = CheckpointNames.SAME.ignoring("layers.{i}.NC.{i}.attn.norm1.*");
        for (int i = 0; i < vitae.stages().size(); i++) {
            VitaeStage stage = vitae.stages().get(i);
            for (int j = 0; j < stage.depth() && stage.normal().tokensType().performer(); j++) {
                names = names.unused("layers." + i + ".NC." + j + ".attn.norm1", stage.tokenDim());
            }
        }
        return names;
    }
}
