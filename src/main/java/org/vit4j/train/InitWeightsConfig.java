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
import org.vit4j.config.ConfigError;
import org.vit4j.config.Section;
import org.vit4j.data.Preprocessing;
import org.vit4j.graph.Graph;
import org.vit4j.model.SavedModel;

/**
 * {@code train.init}: the weights a run starts from instead of drawn ones.
 *
 * @param weights a saved model of ours, or a checkpoint that {@link StateDict} reads
 * @param strict whether every array must fit; see {@link WeightTransfer#load}
 * @param key which state dict of the file, when several fit equally well; see {@link CheckpointWeights}
 * @param headEpochs epochs at the beginning in which the head alone learns
 */
public record InitWeightsConfig(Path weights, boolean strict, Optional<String> key, int headEpochs) {
    private static final Logger LOG = LoggerFactory.getLogger(InitWeightsConfig.class);

    public InitWeightsConfig {
        if (headEpochs < 0) throw new IllegalArgumentException("head_epochs (" + headEpochs + ") must be at least 0");
    }

    static Optional<InitWeightsConfig> read(Section s) {
        Path weights = s.pathAt("weights");
        boolean strict = s.boolAt("strict", true);
        Optional<String> key = s.has("key") ? Optional.of(s.stringAt("key")) : Optional.empty();
        int headEpochs = s.intUnlessOff("head_epochs", 0, 0);
        return s.build(() -> new InitWeightsConfig(weights, strict, key, headEpochs));
    }

    /**
     * Sees whether the weights fit, without reading them.
     *
     * @throws ConfigError when they do not
     */
    void check(RunConfig config) {
        Graph graph = config.model().build();
        try (PretrainedWeights source = open(config, graph)) {
            WeightTransfer.check(source, graph, strict, true);
        }
    }

    /** Fills in the weights, and says what was done to them. */
    void load(RunConfig config, Graph graph, ParameterStore parameters) {
        try (PretrainedWeights source = open(config, graph)) {
            List<String> notes = WeightTransfer.load(source, graph, strict, true, parameters::set);
            LOG.info("weights from {} ({} names)", source.label(), source.namingScheme());
            notes.forEach(note -> LOG.info("{}", note));
        }
        if (isModel())
            compare(SavedModel.describe(weights).preprocess(), config.data().preprocess());
    }

    private boolean isModel() {
        return weights.toString().endsWith(".keras");
    }

    private PretrainedWeights open(RunConfig config, Graph graph) {
        try {
            if (isModel()) return new ModelWeights(weights, graph.parameters());
            return new CheckpointWeights(
                    StateDict.open(weights), graph.parameters(), config.model().importSchemes(), Map.of(), key);
        } catch (ConfigError e) {
            throw new ConfigError(config.name() + ": train.init.weights: " + e.getMessage(), e);
        }
    }

    /** Weights expect pictures as they saw them. */
    private void compare(Preprocessing theirs, Preprocessing ours) {
        if (theirs.channels() != ours.channels()) return;
        if (theirs.mean().equals(ours.mean()) && theirs.std().equals(ours.std())) return;
        LOG.warn(
                "{} was trained on pictures with mean {} and std {}, this run has {} and {}; see data.mean and data.std",
                weights,
                theirs.mean(),
                theirs.std(),
                ours.mean(),
                ours.std());
    }
}
