package org.vit4j.backend.samediff;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.vit4j.graph.Shape;

/**
 * A lowered tensor in one or both of its forms: rows [B * T, D] for layers that work token by token, or whole [B, ..].
 * The other form is made when it is asked for; a reshape copies, so it is not made twice.
 */
final class LoweredTensor {
    private final SameDiff sd;
    private final Shape shape;
    private SDVariable rows;
    private SDVariable tensor;

    private LoweredTensor(SameDiff sd, Shape shape, SDVariable rows, SDVariable whole) {
        this.sd = sd;
        this.shape = shape;
        this.rows = rows;
        this.tensor = whole;
    }

    static LoweredTensor rows(SameDiff sd, Shape shape, SDVariable rows) {
        return new LoweredTensor(sd, shape, rows, null);
    }

    static LoweredTensor tensor(SameDiff sd, Shape shape, SDVariable whole) {
        return new LoweredTensor(sd, shape, null, whole);
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

    SDVariable any() {
        return rows != null ? rows : tensor;
    }

    /** Rows of one example. */
    long count() {
        return shape.size() / shape.last();
    }
}
