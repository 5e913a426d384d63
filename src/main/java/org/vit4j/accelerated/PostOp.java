package org.vit4j.accelerated;

import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_add;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.vit4j.onednn.Attributes;
import org.vit4j.onednn.Primitive;

/** What a matrix product or a convolution still does to its result before it leaves the registers. */
sealed interface PostOp {
    record Eltwise(int algorithm, float alpha, float beta) implements PostOp {}

    /** With an array that has the rank of the result, and 1 where it is the same along an axis. */
    record Binary(int algorithm, Array other) implements PostOp {}

    /** Adds what the destination held before. */
    record Sum() implements PostOp {}

    /** A step that takes post-ops until it is bound. */
    abstract class Fusable extends Step {
        private final List<PostOp> postOps = new ArrayList<>();
        private final double scale;
        private final Array result;

        Fusable(String kind, double scale, Array result, Array... touched) {
            super(kind, touched);
            this.scale = scale;
            this.result = result;
            touches(result);
        }

        /** What it writes. */
        Array result() {
            return result;
        }

        void fuse(PostOp postOp) {
            if (postOp instanceof Binary binary) touches(binary.other);
            postOps.add(postOp);
        }

        /** Adds an array of the size of the result, which may be the result itself. */
        void plus(Array plus) {
            if (plus == null) return;
            if (plus.buffer() == result.buffer()) fuse(new Sum());
            else fuse(new Binary(dnnl_binary_add, plus.reshape(result.dims()).orElseThrow()));
        }

        /** Builds the attributes, and adds the arguments they ask for. */
        dnnl_primitive_attr attributes(Attributes attributes, List<Primitive.Argument> arguments) {
            for (PostOp postOp : postOps) {
                if (postOp instanceof Eltwise e) attributes.eltwise(e.algorithm, e.alpha, e.beta);
                else if (postOp instanceof Binary b) {
                    Array other = operand(b.other);
                    arguments.add(other.as(attributes.binary(b.algorithm, other.layout())));
                } else attributes.sum();
            }
            return attributes.seal();
        }

        /** Whether it can take a function of each element: two of them in one step were measured wrong in oneDNN 2.5. */
        boolean takesFunction() {
            return postOps.stream().noneMatch(Eltwise.class::isInstance);
        }

        /** Whether it can take another array at all. */
        boolean takesArrays() {
            return true;
        }

        /** Whether it can add an array of its result's own size. */
        boolean takesWhole() {
            return true;
        }

        /** An operand shaped like the result, with its axes as the primitive counts them. */
        Array operand(Array other) {
            return other;
        }

        Attributes attributes() {
            return new Attributes(scale);
        }
    }
}
