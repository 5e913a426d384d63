package org.vit4j.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Shape;
import org.vit4j.graph.analysis.ModelAnatomy;
import org.vit4j.keras.KerasFile;
import org.vit4j.model.SavedModel;
import org.vit4j.models.Models;

/** Weights of a model saved by vit4j. */
public final class ModelWeights implements PretrainedWeights {
    private final Path file;
    private final KerasFile keras;
    private final Map<String, Shape> shapes;
    private final Map<String, PositionGrid> grids;
    private final List<String> unexpected;

    /**
     * @param weights parameters of the model to load
     * @param models networks that the file may hold
     * @throws org.vit4j.config.ConfigError if the file is missing, damaged or not written by vit4j
     */
    public ModelWeights(Path file, Collection<Parameter> weights, Models models) {
        this.file = file;
        this.grids =
                ModelAnatomy.grids(SavedModel.describe(file, models).model().graph());
        this.keras = KerasFile.read(file);
        this.shapes = keras.shapes();
        Set<String> known = weights.stream().map(Parameter::name).collect(Collectors.toSet());
        this.unexpected = new ArrayList<>(shapes.keySet());
        unexpected.removeAll(known);
    }

    @Override
    public String label() {
        return file.toString();
    }

    @Override
    public String namingScheme() {
        return "vit4j";
    }

    @Override
    public Optional<FoundWeight> find(Parameter weight) {
        Shape shape = shapes.get(weight.name());
        if (shape == null) return Optional.empty();
        return Optional.of(new FoundWeight(
                weight.name(), shape.toString(), Optional.of(shape), () -> keras.values(weight.name())));
    }

    @Override
    public List<String> unexpected() {
        return unexpected;
    }

    @Override
    public Map<String, PositionGrid> grids() {
        return grids;
    }

    @Override
    public void close() {
        keras.close();
    }
}
