package org.vit4j.cli;

import java.nio.file.Path;
import java.util.List;
import org.vit4j.arch.ModelConfig;
import org.vit4j.config.Config;
import org.vit4j.model.Description;
import org.vit4j.model.SavedModel;
import org.vit4j.train.RunConfig;

/** A network somebody names, and what it is called. */
record Network(String name, ModelConfig model) {
    /** @param what a variant's name, a YAML file or a {@code .keras} file */
    static Network of(String what, List<String> overrides) {
        if (what.endsWith(".keras")) {
            Description model = SavedModel.describe(Path.of(what));
            return new Network(model.name(), model.model());
        }
        RunConfig config = RunConfig.read(Config.open(what, overrides));
        return new Network(config.name(), config.model());
    }
}
