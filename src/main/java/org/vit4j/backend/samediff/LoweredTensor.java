package org.vit4j.backend.samediff;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.vit4j.graph.Shape;

/**
 * A tensor lowered to SameDiff, in one or both of two forms: rows [B * T, D], for layers that work per token, or the
 * tensor [B, ..]. The missing form is created on demand and cached, because ND4J's reshape copies.
 */
final class LoweredTensor {
    private final SameDiff sd;
    private final Shape shape;
    private SDVariable rows;
    private SDVariable tensor;

    private LoweredTensor(SameDiff sd, Shape shape, SDVariable rows, SDVariable tensor) {
        this.sd = sd;
        this.shape = shape;
        this.rows = rows;
        this.tensor = tensor;
    }

    static LoweredTensor rows(SameDiff sd, Shape shape, SDVariable rows) {
        return new LoweredTensor(sd, shape, rows, null);
    }

    static LoweredTensor tensor(SameDiff sd, Shape shape, SDVariable tensor) {
        return new LoweredTensor(sd, shape, null, tensor);
    }

    Shape shape() {
        return shape;
    }

    boolean hasRows() {
        return rows != null;
    }

    SDVariable rows() {
        if (rows == null) rows = shape.rank() == 1 ? tensor : sd.reshape(tensor, -1, shape.last());
        return rows;
    }

    SDVariable tensor() {
        if (tensor == null) tensor = shape.rank() == 1 ? rows : sd.reshape(rows, shape.batched(-1));
        return tensor;
    }

    /** The form that exists; rows if both do. */
    SDVariable any() {
        return rows != null ? rows : tensor;
    }

    /** Number of rows of one example. */
    long rowCount() {
        return shape.size() / shape.last();
    }
}
