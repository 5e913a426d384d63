package org.vit4j.model;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Shape;

/** Conversion between the layout of callers, [N, C, H, W], and that of graphs, [B, H, W, C]. */
final class ImageLayout {
    private ImageLayout() {}

    /**
     * Copies images to float32 [N, H, W, C]; the caller closes the copy.
     *
     * @param graph whose input the images are for, [H, W, C]
     */
    static INDArray channelsLast(INDArray images, Graph graph) {
        Shape input = graph.input().shape();
        long[] got = images.shape();
        long[] expected = {got.length == 0 ? 1 : got[0], input.dim(2), input.dim(0), input.dim(1)};
        if (!Arrays.equals(got, expected)) {
            throw new IllegalArgumentException(
                    "expected images [N, C, H, W] of " + Arrays.toString(expected) + ", got " + Arrays.toString(got));
        }
        INDArray view = images.permute(0, 2, 3, 1);
        return Nd4j.createUninitialized(DataType.FLOAT, view.shape(), 'c').assign(view);
    }

    /** Copies images [N, H, W, C] to [N, C, H, W] and closes the original. */
    static INDArray channelsFirst(INDArray images) {
        try (images) {
            return images.permute(0, 3, 1, 2).dup('c');
        }
    }
}
