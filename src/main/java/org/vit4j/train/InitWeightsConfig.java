package org.vit4j.train;

import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.checkpoint.CheckpointWeights;
import org.vit4j.checkpoint.Checkpoints;
import org.vit4j.checkpoint.StateDict;
import org.vit4j.checkpoint.WeightTransfer;
import org.vit4j.config.Checks;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Section;
import org.vit4j.data.Preprocessing;
import org.vit4j.model.Network;
import org.vit4j.model.SavedModel;
import org.vit4j.models.Model;

/**
 * {@code train.init}: pretrained weights to start from.
 *
 * @param weights a saved vit4j model, or a checkpoint that {@link StateDict} reads
 * @param strict requires every array to fit; see {@link WeightTransfer#load}
 * @param key selects the state dict of the file if several fit equally well; see {@link CheckpointWeights}
 * @param headEpochs number of initial epochs that train only the head
 */
public record InitWeightsConfig(Path weights, boolean strict, Optional<String> key, int headEpochs) {
    private static final Logger LOG = LoggerFactory.getLogger(InitWeightsConfig.class);

    public InitWeightsConfig {
        Checks.check(headEpochs >= 0, "head_epochs", headEpochs, "must be at least 0");
    }

    static Optional<InitWeightsConfig> read(Section s) {
        Path weights = s.pathAt("weights");
        boolean strict = s.boolAt("strict", true);
        Optional<String> key = s.has("key") ? Optional.of(s.stringAt("key")) : Optional.empty();
        int headEpochs = s.intUnlessOff("head_epochs", 0, 0);
        return s.build(() -> new InitWeightsConfig(weights, strict, key, headEpochs));
    }

    /**
     * Checks names and shapes of the weights without reading the values.
     *
     * @param config name of the config, for messages
     * @throws ConfigError if they do not fit
     */
    public void checkFits(String config, Model model) {
        try {
            checkpoint().checkFits(model);
        } catch (ConfigError e) {
            throw new ConfigError(config + ": train.init.weights: " + e.getMessage(), e);
        }
    }

    /** Loads the weights and logs how they were adapted; {@code config} is the name of the config. */
    public void load(String config, Network network) {
        try {
            network.load(checkpoint());
        } catch (ConfigError e) {
            throw new ConfigError(config + ": train.init.weights: " + e.getMessage(), e);
        }
        if (checkpoint().isModel())
            warnIfNormalizationDiffers(
                    SavedModel.describe(weights).preprocess(),
                    network.description().preprocess());
    }

    private Checkpoints checkpoint() {
        return new Checkpoints(weights, strict, key);
    }

    /** Pretrained weights expect images with the normalization of their training. */
    private void warnIfNormalizationDiffers(Preprocessing pretraining, Preprocessing data) {
        if (pretraining.channels() != data.channels()) return;
        if (pretraining.mean().equals(data.mean()) && pretraining.std().equals(data.std())) return;
        LOG.warn(
                "{} was trained with image mean {} and std {}, this run uses {} and {}; see data.mean and data.std",
                weights,
                pretraining.mean(),
                pretraining.std(),
                data.mean(),
                data.std());
    }
}
