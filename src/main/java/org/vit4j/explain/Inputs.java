package org.vit4j.explain;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.data.Image;
import org.vit4j.data.Preprocess;

/** Pictures as a network takes them. */
final class Inputs {
    private Inputs() {}

    /** [B, H, W, C] */
    static INDArray of(List<Image> images, Preprocess p) {
        int size = p.height() * p.width() * p.channels();
        float[] all = new float[images.size() * size];
        for (int i = 0; i < images.size(); i++) System.arraycopy(p.apply(images.get(i)), 0, all, i * size, size);
        return Nd4j.createFromArray(all).reshape('c', images.size(), p.height(), p.width(), p.channels());
    }
}
