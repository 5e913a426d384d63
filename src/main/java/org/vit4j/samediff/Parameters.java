package org.vit4j.samediff;

import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Weight;

/**
 * The values of all weights. Those that train lie side by side in one flat array, the decayed ones first, and each
 * weight is a view into it: one optimizer op a step, one norm for clipping, one array to write or to average.
 */
public final class Parameters {
    private final Map<String, Weight> weights = new LinkedHashMap<>();
    private final Map<String, INDArray> arrays = new LinkedHashMap<>();
    private final INDArray trained;
    private final INDArray kept;
    private final long decayed;

    /** Room for these weights, all zero. */
    public Parameters(Collection<Weight> all, DataType type) {
        List<Weight> training = all.stream()
                .filter(weight -> weight.role().trained())
                .sorted(Comparator.comparing(weight -> !weight.role().decayed()))
                .toList();
        List<Weight> keeping =
                all.stream().filter(weight -> !weight.role().trained()).toList();
        this.decayed = training.stream()
                .filter(weight -> weight.role().decayed())
                .mapToLong(Weight::size)
                .sum();
        this.trained = flat(training, type);
        this.kept = flat(keeping, type);
        for (Weight weight : all) weights.put(weight.name(), weight);
    }

    private INDArray flat(List<Weight> group, DataType type) {
        long size = group.stream().mapToLong(Weight::size).sum();
        INDArray flat = Nd4j.zeros(type, Math.max(size, 1));
        long from = 0;
        for (Weight weight : group) {
            arrays.put(weight.name(), view(flat, from, weight.shape()));
            from += weight.size();
        }
        return flat;
    }

    /** Part of a flat array in the shape of a weight. */
    public static INDArray view(INDArray flat, long from, Shape shape) {
        INDArray part = flat.get(NDArrayIndex.interval(from, from + shape.size()));
        return part.reshape(
                'c', shape.dims().stream().mapToLong(Integer::longValue).toArray());
    }

    /** Every weight as its {@link org.vit4j.graph.Init} says; each has random numbers of its own, by seed and name. */
    public void initialise(long seed) {
        for (Weight weight : weights.values()) {
            // Not String.hashCode alone: 32 bits of a short name would make neighbours' streams alike.
            SplittableRandom random = new SplittableRandom(
                            seed * 0x9E3779B97F4A7C15L + weight.name().hashCode())
                    .split();
            set(weight.name(), weight.init().values(weight.shape(), random));
        }
    }

    public Collection<Weight> weights() {
        return weights.values();
    }

    public Weight weight(String name) {
        return weights.get(name);
    }

    /** The live array of a weight: changing it changes the network. */
    public INDArray array(String name) {
        INDArray array = arrays.get(name);
        if (array == null) throw new IllegalArgumentException("no weight '" + name + "'");
        return array;
    }

    /** A copy of a weight's values, row by row. */
    public float[] values(String name) {
        return array(name).dup('c').data().asFloat();
    }

    /** @throws IllegalArgumentException when the number of values is not the weight's */
    public void set(String name, float[] values) {
        INDArray array = array(name);
        if (values.length != array.length()) {
            throw new IllegalArgumentException(
                    name + ": " + values.length + " values for a weight of " + array.length());
        }
        array.assign(Nd4j.createFromArray(values).reshape('c', array.shape()));
    }

    /** Everything that trains, flat; the first {@link #decayed} elements are those that weight decay applies to. */
    public INDArray trained() {
        return trained;
    }

    /** Everything that does not train, flat. */
    public INDArray kept() {
        return kept;
    }

    public long decayed() {
        return decayed;
    }

    /** Names of the weights in {@link #trained}, in its order, with where each begins. */
    public Map<String, Long> offsets() {
        Map<String, Long> offsets = new LinkedHashMap<>();
        long from = 0;
        for (String name : arrays.keySet()) {
            if (weights.get(name).role().trained()) {
                offsets.put(name, from);
                from += weights.get(name).size();
            }
        }
        return offsets;
    }
}
