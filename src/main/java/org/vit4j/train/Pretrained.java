package org.vit4j.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Section;
import org.vit4j.data.DataFiles;
import org.vit4j.data.Preprocess;
import org.vit4j.graph.Graph;
import org.vit4j.model.SavedModel;
import org.vit4j.samediff.Parameters;
import org.vit4j.transfer.CheckpointSource;
import org.vit4j.transfer.ModelSource;
import org.vit4j.transfer.Source;
import org.vit4j.transfer.Transfer;
import org.vit4j.weights.StateDict;

/**
 * {@code train.init}: the weights a run starts from instead of drawn ones.
 *
 * @param weights a saved model of ours, or a checkpoint that {@link StateDict} reads
 * @param strict whether every array must fit; see {@link Transfer#load}
 * @param headEpochs epochs at the beginning in which the head alone learns
 */
public record Pretrained(Path weights, boolean strict, int headEpochs) {
    private static final Logger LOG = LoggerFactory.getLogger(Pretrained.class);

    public Pretrained {
        if (headEpochs < 0) throw new IllegalArgumentException("head_epochs (" + headEpochs + ") must be at least 0");
    }

    static Optional<Pretrained> read(Section s) {
        String weights = s.stringAt("weights");
        boolean strict = s.boolAt("strict", true);
        int headEpochs = s.intAt("head_epochs", 0);
        return s.build(() -> new Pretrained(DataFiles.expand(weights), strict, headEpochs));
    }

    /**
     * Sees whether the weights fit, without reading them.
     *
     * @throws ConfigError when they do not
     */
    void check(RunConfig config) {
        Graph graph = config.model().build();
        try (Source source = open(config, graph)) {
            Transfer.check(source, graph, strict);
        }
    }

    /** Fills in the weights, and says what was done to them. */
    void load(RunConfig config, Graph graph, Parameters parameters) {
        try (Source source = open(config, graph)) {
            List<String> notes = Transfer.load(source, graph, strict, parameters::set);
            LOG.info("weights from {} ({} names)", source.label(), source.names());
            notes.forEach(note -> LOG.info("{}", note));
        }
        if (isModel())
            compare(SavedModel.describe(weights).preprocess(), config.data().preprocess());
    }

    private boolean isModel() {
        return weights.toString().endsWith(".keras");
    }

    private Source open(RunConfig config, Graph graph) {
        try {
            if (isModel()) return new ModelSource(weights, graph.weights());
            return new CheckpointSource(
                    StateDict.open(weights), graph.weights(), config.model().schemes(), Map.of());
        } catch (ConfigError e) {
            throw new ConfigError(config.name() + ": train.init.weights: " + e.getMessage(), e);
        }
    }

    /** Weights expect pictures as they saw them. */
    private void compare(Preprocess theirs, Preprocess ours) {
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
