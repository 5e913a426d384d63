package org.vit4j.graph;

import java.util.List;

/**
 * A value in the graph: what an operation makes of its inputs. Compared by identity.
 *
 * <p>A plain class and not a record: a record's {@code hashCode} would walk the whole graph behind it.
 */
public final class Tensor {
    private final String name;
    private final Op op;
    private final List<Tensor> inputs;
    private final List<Parameter> parameters;
    private final Shape shape;

    Tensor(String name, Op op, List<Tensor> inputs, List<Parameter> weights, Shape shape) {
        this.name = name;
        this.op = op;
        this.inputs = List.copyOf(inputs);
        this.parameters = List.copyOf(weights);
        this.shape = shape;
    }

    /** Dotted path, unique in its graph. */
    public String name() {
        return name;
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

    /** In the order the operation names them; see {@link Op}. */
    public List<Parameter> parameters() {
        return parameters;
    }

    /** Without the batch axis. */
    public Shape shape() {
        return shape;
    }

    public int dim(int axis) {
        return shape.dim(axis);
    }

    /** Multiply-accumulates of matrix products and convolutions for one example. */
    public long macs() {
        return op.macs(inputs.stream().map(Tensor::shape).toList(), shape);
    }

    @Override
    public String toString() {
        return name + " " + shape;
    }
}
