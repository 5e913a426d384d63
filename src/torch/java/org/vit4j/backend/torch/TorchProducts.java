package org.vit4j.backend.torch;

import org.vit4j.backend.Precision;
import org.vit4j.graph.Window;

/**
 * Matrix products, convolutions and fused attention. With bf16, factors are rounded to bfloat16 and results are bfloat16, as
 * with PyTorch's autocast; parameters stay float32.
 */
record TorchProducts(Precision precision) {
    /** The value as a factor of a product. */
    private TorchValue factor(TorchValue x) {
        return precision == Precision.BF16 && x != null ? x.bfloats() : x;
    }

    TorchValue dense(TorchValue x, TorchValue kernel, TorchValue bias) {
        return factor(x).dense(factor(kernel), factor(bias));
    }

    /** @param x [B, C, H, W]; {@code kernel} [out, in / groups, kH, kW] */
    TorchValue convolution(TorchValue x, TorchValue kernel, TorchValue bias, Window window, int groups) {
        return factor(x).convolution(factor(kernel), factor(bias), window, groups);
    }

    TorchValue matmul(TorchValue x, TorchValue y) {
        return factor(x).matmul(factor(y));
    }

    /** {@code softmax(scale * q k^T) v} without attention maps in memory; [B, H, T, d] each. */
    TorchValue attention(TorchValue q, TorchValue k, TorchValue v, double scale) {
        return factor(q).attention(factor(k), factor(v), scale);
    }
}
