package org.vit4j.cli;

import java.util.List;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.SavedModel;
import org.vit4j.models.Model;
import org.vit4j.run.RunConfig;

/** A model config with its name, from a command-line argument. */
record NamedModel(String name, Model model) {
    /** @param argument a variant name, a YAML file or a {@code .keras} file */
    static NamedModel of(String argument, List<String> overrides) {
        if (argument.endsWith(".keras")) {
            if (!overrides.isEmpty())
                throw new ConfigError("--set " + overrides.get(0)
                        + ": does not change a saved model; pass its config, such as config.yaml of its run directory");
            ModelDescription model = SavedModel.describe(UserPath.of(argument));
            return new NamedModel(model.name(), model.model());
        }
        RunConfig config = RunConfig.read(Config.open(argument, overrides));
        return new NamedModel(config.name(), config.model());
    }
}
