package org.vit4j.samediff;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.vit4j.graph.Shape;

/**
 * A lowered tensor in one or both of its forms: rows [B * T, D] for layers that work token by token, or whole [B, ..].
 * The other form is made when it is asked for; a reshape copies, so it is not made twice.
 */
final class Value {
    private final SameDiff sd;
    private final Shape shape;
    private SDVariable rows;
    private SDVariable whole;

    private Value(SameDiff sd, Shape shape, SDVariable rows, SDVariable whole) {
        this.sd = sd;
        this.shape = shape;
        this.rows = rows;
        this.whole = whole;
    }

    static Value rows(SameDiff sd, Shape shape, SDVariable rows) {
        return new Value(sd, shape, rows, null);
    }

    static Value whole(SameDiff sd, Shape shape, SDVariable whole) {
        return new Value(sd, shape, null, whole);
    }

    Shape shape() {
        return shape;
    }

    boolean hasRows() {
        return rows != null;
    }

    SDVariable rows() {
        if (rows == null) rows = shape.rank() == 1 ? whole : sd.reshape(whole, -1, shape.last());
        return rows;
    }

    SDVariable whole() {
        if (whole == null) whole = shape.rank() == 1 ? rows : sd.reshape(rows, shape.batched(-1));
        return whole;
    }

    SDVariable either() {
        return rows != null ? rows : whole;
    }

    /** Rows of one example. */
    long count() {
        return shape.size() / shape.last();
    }
}
