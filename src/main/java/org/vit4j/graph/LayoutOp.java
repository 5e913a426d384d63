package org.vit4j.graph;

import java.util.List;
import java.util.stream.IntStream;

/** Operations that select, join and reorder elements without arithmetic. */
public sealed interface LayoutOp extends Op {
    record Concat(int axis) implements LayoutOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape first = Op.withAxis(in, axis);
            int total = 0;
            for (Shape x : in) {
                Op.check(
                        x.rank() == first.rank() && x.without(axis).equals(first.without(axis)),
                        "cannot concatenate %s and %s along axis %d",
                        first,
                        x,
                        axis);
                total += x.dim(axis);
            }
            return first.with(axis, total);
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.concat(tensor, this);
        }
    }

    /** Elements {@code from} (inclusive) to {@code to} (exclusive) of an axis. */
    record Slice(int axis, int from, int to) implements LayoutOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.withAxis(in, axis);
            Op.check(
                    0 <= from && from < to && to <= x.dim(axis),
                    "slice [%d, %d) is out of range for axis %d of %s",
                    from,
                    to,
                    axis,
                    x);
            return x.with(axis, to - from);
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.slice(tensor, this);
        }
    }

    record Reshape(Shape to) implements LayoutOp {
        @Override
        public Shape shape(List<Shape> in) {
            Op.check(in.get(0).size() == to.size(), "cannot reshape %s to %s", in.get(0), to);
            return to;
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.reshape(tensor, this);
        }
    }

    /** Axis i of the output is axis {@code axes[i]} of the input; the batch axis stays first and is not counted. */
    record Permute(List<Integer> axes) implements LayoutOp {
        public Permute {
            axes = List.copyOf(axes);
        }

        @Override
        public Shape shape(List<Shape> in) {
            Shape x = in.get(0);
            Op.check(
                    axes.stream()
                            .sorted()
                            .toList()
                            .equals(IntStream.range(0, x.rank()).boxed().toList()),
                    "%s is not a permutation of the axes of %s",
                    axes,
                    x);
            return new Shape(axes.stream().map(x::dim).toList());
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.permute(tensor, this);
        }
    }

    /** [T, parts * H * d] -> [H, T, d]: part {@code part} of a fused qkv product, split into heads. */
    record SplitHeads(int heads, int part, int parts) implements LayoutOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 2, "tokens [T, D]");
            Op.checkCount("heads", heads);
            Op.checkCount("parts", parts);
            Op.check(0 <= part && part < parts, "part %d out of range [0, %d)", part, parts);
            Op.check(x.last() % ((long) parts * heads) == 0, "cannot split %s into %d x %d heads", x, parts, heads);
            return Shape.of(heads, x.dim(0), x.last() / (parts * heads));
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.splitHeads(tensor, this);
        }
    }

    /** [H, T, d] -> [T, H * d]. */
    record MergeHeads() implements LayoutOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 3, "heads [H, T, d]");
            return Shape.of(x.dim(1), x.dim(0) * x.dim(2));
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.mergeHeads(tensor, this);
        }
    }
}
