package org.vit4j.model;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Conversion between the layout of callers, [N, C, H, W], and that of graphs, [B, H, W, C]. */
final class ImageLayout {
    private ImageLayout() {}

    static INDArray channelsLast(INDArray images) {
        if (images.rank() != 4) {
            throw new IllegalArgumentException("expected images [N, C, H, W], got " + Arrays.toString(images.shape()));
        }
        return images.permute(0, 2, 3, 1).castTo(DataType.FLOAT).dup('c');
    }

    static INDArray channelsFirst(INDArray images) {
        return images.permute(0, 3, 1, 2).dup('c');
    }
}
