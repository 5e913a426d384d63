package org.vit4j.backend.onednn;

import org.vit4j.graph.LinearOp;
import org.vit4j.graph.Window;

/**
 * A grouped convolution rewritten to fewer, larger groups; the merged kernel is 0 between channels of different groups. oneDNN's
 * kernels for images [B, H, W, C] compute whole registers of channels of one group. For other sizes its forward pass runs one small
 * matrix product per group, or leaves a part of each register unused, which was measured 1.2 to 12 times slower.
 */
final class MergedGroups {
    /** Floats in an AVX2 register, the smallest block of channels. */
    private static final int BLOCK = 8;
    /** Output channels in a row of AMX's tiles. */
    private static final int TILE_ROW = 16;

    private final LinearOp.Conv2d conv;
    private final long in;
    private final int factor;

    private MergedGroups(LinearOp.Conv2d conv, long in, int factor) {
        this.conv = conv;
        this.in = in;
        this.factor = factor;
    }

    /**
     * @param in input channels of a group
     * @param operands type of the factors
     * @return null if there is no benefit
     */
    static MergedGroups of(LinearOp.Conv2d conv, long in, ElementType operands) {
        int factor = factor(in, conv.filters() / conv.groups(), conv.groups(), operands);
        return factor == 1 ? null : new MergedGroups(conv, in, factor);
    }

    /** Number of groups to merge so that input and output channels are multiples of a block; 1 if not needed or impossible. */
    static int factor(long in, long out, int groups, ElementType operands) {
        if (groups == 1 || in == 1) return 1;
        int block = operands == ElementType.BF16 ? TILE_ROW : BLOCK;
        for (int count = 1; count <= block; count *= 2) {
            if (groups % count == 0 && in * count % BLOCK == 0 && out * count % block == 0) return count;
        }
        return 1;
    }

    /** The convolution by {@link #kernel}. */
    LinearOp.Conv2d convolution() {
        return new LinearOp.Conv2d(conv.filters(), conv.window(), conv.groups() / factor, conv.bias());
    }

    /**
     * Copies a kernel [kH, kW, in, filters] to one of the merged groups, [kH, kW, factor * in, filters]. The zeros are written in
     * the first run only.
     */
    StridedArray kernel(Tape tape, StridedArray kernel) {
        Window w = conv.window();
        long filters = conv.filters();
        long out = filters / conv.groups();
        long[] dims = {(long) w.kernelHeight() * w.kernelWidth(), in, conv.groups() / factor, factor, out};
        // The groups that are merged lie on a diagonal: the next one is `in` rows and `out` columns further. oneDNN
        // requires that
        // the last of these steps ends before the next pixel begins.
        long diagonal = in * filters + out;
        long pixel = factor * diagonal;
        PlannedBuffer buffer = PlannedBuffer.temporary(ElementType.F32, dims[0] * pixel);
        StridedArray blocks = new StridedArray(buffer, 0, dims, new long[] {pixel, filters, factor * out, diagonal, 1});
        tape.emitSetup(new FirstRunStep(Kernels.zero(StridedArray.of(buffer, 0, dims[0] * pixel))));
        tape.emitSetup(Kernels.copy(kernel.reshape(dims).orElseThrow(), blocks, false));
        return new StridedArray(
                buffer, 0, new long[] {w.kernelHeight(), w.kernelWidth(), factor * in, filters}, new long[] {
                    w.kernelWidth() * pixel, pixel, filters, 1
                });
    }
}
