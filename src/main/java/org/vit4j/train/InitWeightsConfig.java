package org.vit4j.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.backend.ParameterStore;
import org.vit4j.checkpoint.CheckpointWeights;
import org.vit4j.checkpoint.ModelWeights;
import org.vit4j.checkpoint.PretrainedWeights;
import org.vit4j.checkpoint.StateDict;
import org.vit4j.checkpoint.WeightTransfer;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.config.Checks;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Section;
import org.vit4j.data.Preprocessing;
import org.vit4j.graph.Graph;
import org.vit4j.model.SavedModel;

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
     * @throws ConfigError if they do not fit
     */
    void checkFits(RunConfig config) {
        Graph graph = config.model().build();
        try (PretrainedWeights source = open(config, graph)) {
            WeightTransfer.check(source, graph, strict, true);
        }
    }

    /** Loads the weights and logs how they were adapted. */
    void load(RunConfig config, Graph graph, ParameterStore parameters) {
        try (PretrainedWeights source = open(config, graph)) {
            List<String> notes = WeightTransfer.load(source, graph, strict, true, parameters::set);
            LOG.info("weights from {} ({} names)", source.label(), source.namingScheme());
            notes.forEach(note -> LOG.info("{}", note));
        }
        if (isModel())
            warnIfNormalizationDiffers(
                    SavedModel.describe(weights).preprocess(), config.data().preprocess());
    }

    private boolean isModel() {
        return weights.toString().endsWith(".keras");
    }

    private PretrainedWeights open(RunConfig config, Graph graph) {
        try {
            if (isModel()) return new ModelWeights(weights, graph.parameters());
            return new CheckpointWeights(
                    StateDict.open(weights),
                    graph.parameters(),
                    NameSchemes.of(config.model()).all(),
                    Map.of(),
                    key);
        } catch (ConfigError e) {
            throw new ConfigError(config.name() + ": train.init.weights: " + e.getMessage(), e);
        }
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
