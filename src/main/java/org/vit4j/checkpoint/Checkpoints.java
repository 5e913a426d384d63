package org.vit4j.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.model.Network;
import org.vit4j.model.WeightsLoader;
import org.vit4j.models.Model;

/**
 * Weights in a file: a saved vit4j model, or a checkpoint that {@link StateDict} reads. The weights are adapted to other
 * classes, image sizes and channels; the head is new if the number of classes differs.
 *
 * <pre>{@code
 * net.load(Checkpoints.open(Path.of("deit_small_patch16_224.safetensors")));
 * }</pre>
 *
 * @param strict requires every array to fit; see {@link WeightTransfer#load}
 * @param key selects the state dict of the file if several fit equally well; see {@link CheckpointWeights}
 */
public record Checkpoints(Path file, boolean strict, Optional<String> key) implements WeightsLoader {
    private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);

    /**
     * Finds a file whose arrays must all fit. It is read when a network loads it.
     *
     * @throws ConfigError if there is no such file
     */
    public static Checkpoints open(Path file) {
        if (!Files.exists(file)) throw new ConfigError(file + ": there is no such file");
        return new Checkpoints(file, true, Optional.empty());
    }

    /** Returns these weights without the requirement that every array fits. */
    public Checkpoints lenient() {
        return new Checkpoints(file, false, key);
    }

    /** Returns true for a model saved by vit4j. */
    public boolean isModel() {
        return file.toString().endsWith(".keras");
    }

    /**
     * Checks names and shapes without reading the values.
     *
     * @throws ConfigError if they do not fit
     */
    public void checkFits(Model model) {
        Graph graph = model.graph();
        try (PretrainedWeights source = weights(model)) {
            WeightTransfer.check(source, graph, strict, true);
        }
    }

    /** Loads the weights and logs how they were adapted. */
    @Override
    public List<String> loadInto(Network network) {
        try (PretrainedWeights source = weights(network.model())) {
            List<String> notes = WeightTransfer.load(source, network.graph(), strict, true, network.parameters()::set);
            LOG.info("weights from {} ({} names)", source.label(), source.namingScheme());
            notes.forEach(note -> LOG.info("{}", note));
            return notes;
        }
    }

    private PretrainedWeights weights(Model model) {
        Graph graph = model.graph();
        if (isModel()) return new ModelWeights(file, graph.parameters(), model.models());
        return new CheckpointWeights(
                StateDict.open(file),
                graph.parameters(),
                NameSchemes.of(model.config()).all(),
                Map.of(),
                key);
    }
}
