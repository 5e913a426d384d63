package org.vit4j.cli;

import java.util.List;
import org.vit4j.config.Config;
import org.vit4j.config.UserPath;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.SavedModel;
import org.vit4j.models.ModelConfig;
import org.vit4j.train.RunConfig;

/** A network somebody names, and what it is called. */
record NamedModel(String name, ModelConfig model) {
    /** @param what a variant's name, a YAML file or a {@code .keras} file */
    static NamedModel of(String what, List<String> overrides) {
        if (what.endsWith(".keras")) {
            ModelDescription model = SavedModel.describe(UserPath.of(what));
            return new NamedModel(model.name(), model.model());
        }
        RunConfig config = RunConfig.read(Config.open(what, overrides));
        return new NamedModel(config.name(), config.model());
    }
}
