package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_add;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_primitive_attr;

/** What a matrix product or a convolution still does to its result before it leaves the registers. */
sealed interface PostOp {
    record EltwisePostOp(int algorithm, float alpha, float beta) implements PostOp {}

    /** With an array that has the rank of the result, and 1 where it is the same along an axis. */
    record BinaryPostOp(int algorithm, StridedArray other) implements PostOp {}

    /** Adds what the destination held before. */
    record SumPostOp() implements PostOp {}

    /** A step that takes post-ops until it is bound. */
    abstract class FusableStep extends KernelStep {
        private final List<PostOp> postOps = new ArrayList<>();
        private final double scale;
        private final StridedArray result;

        FusableStep(String kind, double scale, StridedArray result, StridedArray... touched) {
            super(kind, touched);
            this.scale = scale;
            this.result = result;
            touches(result);
        }

        /** What it writes. */
        StridedArray result() {
            return result;
        }

        void fuse(PostOp postOp) {
            if (postOp instanceof BinaryPostOp binary) touches(binary.other);
            postOps.add(postOp);
        }

        /** Adds an array of the size of the result, which may be the result itself. */
        void plus(StridedArray plus) {
            if (plus == null) return;
            if (plus.buffer() == result.buffer()) fuse(new SumPostOp());
            else
                fuse(new BinaryPostOp(
                        dnnl_binary_add, plus.reshape(result.dims()).orElseThrow()));
        }

        /** Builds the attributes, and adds the arguments they ask for. */
        dnnl_primitive_attr attributes(PrimitiveAttributes attributes, List<Primitive.PrimitiveArgument> arguments) {
            for (PostOp postOp : postOps) {
                if (postOp instanceof EltwisePostOp e) attributes.eltwise(e.algorithm, e.alpha, e.beta);
                else if (postOp instanceof BinaryPostOp b) {
                    StridedArray other = operand(b.other);
                    arguments.add(other.as(attributes.binary(b.algorithm, other.layout())));
                } else attributes.sum();
            }
            return attributes.seal();
        }

        /** Whether it can take a function of each element: two of them in one step were measured wrong in oneDNN 2.5. */
        boolean takesFunction() {
            return postOps.stream().noneMatch(EltwisePostOp.class::isInstance);
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
        StridedArray operand(StridedArray other) {
            return other;
        }

        PrimitiveAttributes attributes() {
            return new PrimitiveAttributes(scale);
        }
    }
}
