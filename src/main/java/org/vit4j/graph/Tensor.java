package org.vit4j.graph;

import java.util.List;

/**
 * Value in the graph: an operation applied to input tensors. Compared by identity.
 *
 * <p>Not a record, because a record's {@code hashCode} would traverse all inputs recursively.
 */
public final class Tensor {
    private final String name;
    private final ModulePath module;
    private final Op op;
    private final List<Tensor> inputs;
    private final List<Parameter> parameters;
    private final Shape shape;

    Tensor(String name, ModulePath module, Op op, List<Tensor> inputs, List<Parameter> parameters, Shape shape) {
        this.name = name;
        this.module = module;
        this.op = op;
        this.inputs = List.copyOf(inputs);
        this.parameters = List.copyOf(parameters);
        this.shape = shape;
    }

    /** Dotted path, unique in its graph. */
    public String name() {
        return name;
    }

    /** The module in which it was created. */
    public ModulePath module() {
        return module;
    }

    public Op op() {
        return op;
    }

    public List<Tensor> inputs() {
        return inputs;
    }

    public Tensor input() {
        return inputs.get(0);
    }

    /** Returns the parameters in the order of {@link Op#parameters}. */
    public List<Parameter> parameters() {
        return parameters;
    }

    /** Returns the shape without the batch axis. */
    public Shape shape() {
        return shape;
    }

    public int dim(int axis) {
        return shape.dim(axis);
    }

    /** Returns the result of the visitor's method for the operation of this tensor. */
    public <R> R accept(OpVisitor<R> visitor) {
        return op.accept(visitor, this);
    }

    /** Multiply-accumulates of matrix products and convolutions for one example. */
    public long macs() {
        return op.macs(inputs.stream().map(Tensor::shape).toList(), shape);
    }

    /** A tensor outside of the graph with the name and the parameters of this one, for transformations of a graph. */
    public Tensor derive(Op other, List<Tensor> otherInputs) {
        Shape computed = other.shape(otherInputs.stream().map(Tensor::shape).toList());
        return new Tensor(name, module, other, otherInputs, parameters, computed);
    }

    /** A slice of this tensor, outside of the graph. */
    public Tensor slice(String sliceName, int axis, int from, int to) {
        LayoutOp.Slice op = new LayoutOp.Slice(axis, from, to);
        return new Tensor(sliceName, module, op, List.of(this), List.of(), op.shape(List.of(shape)));
    }

    @Override
    public String toString() {
        return name + " " + shape;
    }
}
