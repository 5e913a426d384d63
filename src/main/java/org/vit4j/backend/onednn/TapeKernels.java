package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_add;

/** The steps that a {@link Tape} records itself: for views that must be copied, and for sums of gradients. */
interface TapeKernels {
    TapeKernels ONEDNN = new TapeKernels() {
        @Override
        public KernelStep copy(StridedArray from, StridedArray to, boolean add) {
            return Kernels.copy(from, to, add);
        }

        @Override
        public KernelStep zero(StridedArray dense) {
            return Kernels.zero(dense);
        }

        @Override
        public KernelStep add(StridedArray a, StridedArray b, StridedArray sum) {
            return Kernels.binary(dnnl_binary_add, a, b, sum);
        }
    };

    /** Copies between layouts; with {@code add}, adds to the destination. */
    KernelStep copy(StridedArray from, StridedArray to, boolean add);

    KernelStep zero(StridedArray dense);

    /** Sum of two arrays of equal layout, [N, C]; may overwrite one of them. */
    KernelStep add(StridedArray a, StridedArray b, StridedArray sum);
}
