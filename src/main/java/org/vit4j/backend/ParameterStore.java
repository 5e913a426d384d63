package org.vit4j.backend;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
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
import org.vit4j.machine.NativeLibraries;

/**
 * The values of all parameters and buffers of a graph. Trainable parameters are views of one flat array, those with
 * weight decay first: one optimizer op per step, one norm for clipping, one array to save or to average.
 */
public final class ParameterStore {
    private final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private final Map<String, INDArray> arrays = new LinkedHashMap<>();
    private final Map<String, Long> flatOffsets = new HashMap<>(); // in trainable or buffers
    private final INDArray trainable;
    private final INDArray buffers;
    private final long decayed;

    /** Allocates these parameters, all zero. */
    public ParameterStore(Collection<Parameter> all, DataType type) {
        NativeLibraries.load();
        List<Parameter> learned = all.stream()
                .filter(parameter -> parameter.role().trainable())
                .sorted(Comparator.comparing(parameter -> !parameter.role().decayed()))
                .toList();
        List<Parameter> fixed =
                all.stream().filter(parameter -> !parameter.role().trainable()).toList();
        this.decayed = learned.stream()
                .filter(parameter -> parameter.role().decayed())
                .mapToLong(Parameter::size)
                .sum();
        this.trainable = flat(learned, type);
        this.buffers = flat(fixed, type);
        for (Parameter parameter : all) parameters.put(parameter.name(), parameter);
    }

    private INDArray flat(List<Parameter> group, DataType type) {
        long size = group.stream().mapToLong(Parameter::size).sum();
        INDArray flat = Workspaces.outside(() -> Nd4j.zeros(type, Math.max(size, 1)));
        long from = 0;
        for (Parameter parameter : group) {
            arrays.put(parameter.name(), view(flat, from, parameter.shape()));
            flatOffsets.put(parameter.name(), from);
            from += parameter.size();
        }
        return flat;
    }

    /** A view of a part of a flat array in the shape of a parameter. */
    public static INDArray view(INDArray flat, long from, Shape shape) {
        INDArray part = flat.get(NDArrayIndex.interval(from, from + shape.size()));
        return part.reshape(
                'c', shape.dims().stream().mapToLong(Integer::longValue).toArray());
    }

    /** Initializes every parameter by its {@link org.vit4j.graph.Init}, with random numbers keyed by (seed, name). */
    public void initialize(long seed) {
        for (Parameter parameter : parameters.values()) {
            // split(): hash codes of similar short names are close, and so would be their streams.
            SplittableRandom random = new SplittableRandom(
                            seed * 0x9E3779B97F4A7C15L + parameter.name().hashCode())
                    .split();
            set(parameter.name(), parameter.init().values(parameter.shape(), random));
        }
    }

    public Collection<Parameter> parameters() {
        return parameters.values();
    }

    public Parameter parameter(String name) {
        return parameters.get(name);
    }

    /** The live array of a parameter: changing it changes the network. */
    public INDArray array(String name) {
        INDArray array = arrays.get(name);
        if (array == null) throw new IllegalArgumentException("no parameter '" + name + "'");
        return array;
    }

    /** A copy of a parameter's values in row-major order. */
    public float[] values(String name) {
        return array(name).dup('c').data().asFloat();
    }

    /** Sets a parameter's values. @throws IllegalArgumentException if their number does not match the parameter */
    public void set(String name, float[] values) {
        INDArray array = array(name);
        if (values.length != array.length()) {
            throw new IllegalArgumentException(name + ": expected " + array.length() + " values, got " + values.length);
        }
        INDArray flat = parameters.get(name).role().trainable() ? trainable : buffers;
        if (HostFloats.isDense(flat)) HostFloats.of(flat, flatOffsets.get(name)).put(values, 0, values.length);
        else array.assign(Nd4j.createFromArray(values).reshape('c', array.shape()));
    }

    /** All trainable parameters, flat; weight decay applies to the first {@link #decayed} elements. */
    public INDArray trainable() {
        return trainable;
    }

    /** All buffers and constants (not trainable), flat. */
    public INDArray buffers() {
        return buffers;
    }

    /** Number of elements of {@link #trainable} with weight decay. */
    public long decayed() {
        return decayed;
    }

    /** Offset of each parameter in {@link #trainable} by name, in order. */
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
