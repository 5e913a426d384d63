package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_add;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.dnnl.dnnl_primitive_attr;

/** Operation that a matrix product or convolution applies to its result before storing it (oneDNN's post-ops). */
sealed interface PostOp {
    record EltwisePostOp(int algorithm, float alpha, float beta) implements PostOp {}

    /** Binary operation with an array of the result's rank; axes of size 1 are broadcast. */
    record BinaryPostOp(int algorithm, StridedArray other) implements PostOp {}

    /** Adds the previous value of the destination. */
    record SumPostOp() implements PostOp {}

    /** A step to which post-ops can be added until it is bound. */
    abstract class FusableStep extends KernelStep {
        private final List<PostOp> postOps = new ArrayList<>();
        private final double scale;
        private final StridedArray result;

        FusableStep(String kind, double scale, StridedArray result, StridedArray... touched) {
            super(kind, touched);
            this.scale = scale;
            this.result = result;
            addArray(result);
        }

        /** The array that the step writes. */
        StridedArray result() {
            return result;
        }

        void fuse(PostOp postOp) {
            if (postOp instanceof BinaryPostOp binary) addArray(binary.other);
            postOps.add(postOp);
        }

        /**
         * Fuses the addition of an array of the result's size, possibly the result's previous value; null adds nothing.
         */
        void fuseAdd(StridedArray addend) {
            if (addend == null) return;
            if (addend.buffer() == result.buffer()) fuse(new SumPostOp());
            else
                fuse(new BinaryPostOp(
                        dnnl_binary_add, addend.reshape(result.dims()).orElseThrow()));
        }

        /**
         * Overwrites the array that the step adds, if nothing reads it later. The kernels read such an array faster than another
         * one, and the result needs no memory of its own. Called when the lifetimes of all buffers are known.
         *
         * @param number of this step in its plan
         */
        void addInPlace(int number) {
            for (int i = 0; i < postOps.size(); i++) {
                if (postOps.get(i) instanceof BinaryPostOp b
                        && b.algorithm == dnnl_binary_add
                        && canOverwrite(b.other, number)) {
                    result.buffer().share(b.other.buffer());
                    postOps.set(i, new SumPostOp());
                    return;
                }
            }
        }

        private boolean canOverwrite(StridedArray other, int number) {
            return !other.buffer().isExternal()
                    && !other.buffer().isInput()
                    && !result.buffer().isExternal()
                    && other.type() == result.type()
                    && other.hasLayoutOf(result)
                    && other.fillsBuffer()
                    && result.fillsBuffer()
                    && other.buffer().block().last() == number
                    && result.buffer().block().first() == number
                    && arrays().stream()
                                    .filter(array -> array.buffer().block()
                                            == other.buffer().block())
                                    .count()
                            == 1;
        }

        /** Applies a batch norm by constant weights and bias; returns false if not possible. */
        boolean fold(FoldedNorm norm) {
            return false;
        }

        boolean hasPostOps() {
            return !postOps.isEmpty();
        }

        /**
         * Builds the attributes, and appends the arguments that they require.
         *
         * @param view of an operand shaped like the result, or broadcast to it, for the primitive: with its axis order, or a part
         */
        dnnl_primitive_attr attributes(
                PrimitiveAttributes attributes,
                List<Primitive.PrimitiveArgument> arguments,
                UnaryOperator<StridedArray> view) {
            for (PostOp postOp : postOps) {
                if (postOp instanceof EltwisePostOp e) attributes.eltwise(e.algorithm, e.alpha, e.beta);
                else if (postOp instanceof BinaryPostOp b) {
                    StridedArray other = view.apply(b.other);
                    arguments.add(other.argument(attributes.binary(b.algorithm, other.layout())));
                } else attributes.sum();
            }
            return attributes.seal();
        }

        /** Returns true if the addition of an array of the result's size can be fused. */
        boolean canFuseSameSize() {
            return true;
        }

        PrimitiveAttributes attributes() {
            return new PrimitiveAttributes(scale);
        }
    }
}
