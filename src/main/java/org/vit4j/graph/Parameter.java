package org.vit4j.graph;

/**
 * Named array of a network: a learned parameter, a running statistic or a constant.
 *
 * @param name dotted path, the key in checkpoints: {@code blocks.3.attn.qkv.kernel}
 * @param shape dense kernels [in, out], convolution kernels [kH, kW, in / groups, out]
 */
public record Parameter(String name, Shape shape, Role role, Init init) {
    public long size() {
        return shape.size();
    }
}
