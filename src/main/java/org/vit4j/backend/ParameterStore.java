package org.vit4j.backend;

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
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;

/**
 * The values of all weights. Those that train lie side by side in one flat array, the decayed ones first, and each
 * weight is a view into it: one optimizer op a step, one norm for clipping, one array to write or to average.
 */
public final class ParameterStore {
    private final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private final Map<String, INDArray> arrays = new LinkedHashMap<>();
    private final INDArray trainable;
    private final INDArray buffers;
    private final long decayed;

    /** Room for these weights, all zero. */
    public ParameterStore(Collection<Parameter> all, DataType type) {
        List<Parameter> training = all.stream()
                .filter(weight -> weight.role().trainable())
                .sorted(Comparator.comparing(weight -> !weight.role().decayed()))
                .toList();
        List<Parameter> keeping =
                all.stream().filter(weight -> !weight.role().trainable()).toList();
        this.decayed = training.stream()
                .filter(weight -> weight.role().decayed())
                .mapToLong(Parameter::size)
                .sum();
        this.trainable = flat(training, type);
        this.buffers = flat(keeping, type);
        for (Parameter weight : all) parameters.put(weight.name(), weight);
    }

    private INDArray flat(List<Parameter> group, DataType type) {
        long size = group.stream().mapToLong(Parameter::size).sum();
        INDArray flat = Nd4j.zeros(type, Math.max(size, 1));
        long from = 0;
        for (Parameter weight : group) {
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
    public void initialize(long seed) {
        for (Parameter weight : parameters.values()) {
            // Not String.hashCode alone: 32 bits of a short name would make neighbors' streams alike.
            SplittableRandom random = new SplittableRandom(
                            seed * 0x9E3779B97F4A7C15L + weight.name().hashCode())
                    .split();
            set(weight.name(), weight.init().values(weight.shape(), random));
        }
    }

    public Collection<Parameter> parameters() {
        return parameters.values();
    }

    public Parameter parameter(String name) {
        return parameters.get(name);
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
    public INDArray trainable() {
        return trainable;
    }

    /** Everything that does not train, flat. */
    public INDArray buffers() {
        return buffers;
    }

    public long decayed() {
        return decayed;
    }

    /** Names of the weights in {@link #trainable}, in its order, with where each begins. */
    public Map<String, Long> offsets() {
        Map<String, Long> offsets = new LinkedHashMap<>();
        long from = 0;
        for (String name : arrays.keySet()) {
            if (parameters.get(name).role().trainable()) {
                offsets.put(name, from);
                from += parameters.get(name).size();
            }
        }
        return offsets;
    }
}
