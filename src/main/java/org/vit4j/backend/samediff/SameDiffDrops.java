package org.vit4j.backend.samediff;

import java.util.HashMap;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.DropMaskSpecs;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.Tensor;

/** Dropout in training: products with random masks, which are fed as placeholders. */
final class SameDiffDrops {
    private final SameDiff sd;
    private final DataType type;
    private final SameDiffLayers layers;
    private final Map<String, SDVariable> masks = new HashMap<>();

    SameDiffDrops(SameDiff sd, DataType type, SameDiffLayers layers) {
        this.sd = sd;
        this.type = type;
        this.layers = layers;
    }

    /** Multiplies each element by its element of the mask. */
    LoweredTensor dropout(Tensor t, LoweredTensor x) {
        return LoweredTensor.tensor(sd, t.shape(), x.tensor().mul(mask(t)));
    }

    LoweredTensor dropPath(Tensor t, LoweredTensor x) {
        return dropExamples(t, x, mask(t));
    }

    /** Drops a layer by its column of the mask of a stack, [B, layers], which all branches share. */
    LoweredTensor dropLayer(Tensor t, LoweredTensor x, DropOp.DropLayer drop) {
        return dropExamples(t, x, sd.slice(mask(t), new int[] {0, drop.layer()}, -1, 1));
    }

    private SDVariable mask(Tensor t) {
        DropMask mask = DropMaskSpecs.of(t).orElseThrow();
        return masks.computeIfAbsent(
                mask.name(), name -> sd.placeHolder(name, type, mask.shape().batched(-1)));
    }

    /** Multiplies each example by its element of the mask, [B, 1]. */
    private LoweredTensor dropExamples(Tensor t, LoweredTensor x, SDVariable mask) {
        SDVariable wide =
                sd.reshape(layers.expand(mask, t.shape().size()), -1, t.shape().last());
        return LoweredTensor.rows(sd, t.shape(), x.rows().mul(wide));
    }
}
