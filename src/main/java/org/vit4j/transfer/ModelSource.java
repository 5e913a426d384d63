package org.vit4j.transfer;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.vit4j.graph.Grid;
import org.vit4j.graph.Parts;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Weight;
import org.vit4j.keras.KerasFile;
import org.vit4j.model.SavedModel;

/** A saved model of ours: its names are ours, and it knows its own grids. */
public final class ModelSource implements Source {
    private final Path file;
    private final KerasFile keras;
    private final Map<String, Shape> shapes;
    private final Map<String, Grid> grids;
    private final List<String> unexpected;

    /**
     * @param weights of the network that wants it
     * @throws org.vit4j.config.ConfigError when it is missing, damaged or not ours
     */
    public ModelSource(Path file, Collection<Weight> weights) {
        this.file = file;
        this.grids = Parts.grids(SavedModel.describe(file).model().build());
        this.keras = KerasFile.read(file);
        this.shapes = keras.shapes();
        Set<String> known = weights.stream().map(Weight::name).collect(Collectors.toSet());
        this.unexpected = new ArrayList<>(shapes.keySet());
        unexpected.removeAll(known);
    }

    @Override
    public String label() {
        return file.toString();
    }

    @Override
    public String names() {
        return "vit4j";
    }

    @Override
    public Optional<Found> find(Weight weight) {
        Shape shape = shapes.get(weight.name());
        if (shape == null) return Optional.empty();
        return Optional.of(
                new Found(weight.name(), shape.toString(), Optional.of(shape), () -> keras.values(weight.name())));
    }

    @Override
    public List<String> unexpected() {
        return unexpected;
    }

    @Override
    public Map<String, Grid> grids() {
        return grids;
    }

    @Override
    public void close() {
        keras.close();
    }
}
