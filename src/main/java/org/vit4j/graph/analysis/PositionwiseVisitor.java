package org.vit4j.graph.analysis;

import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.OpVisitor;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * Visitor for readers that follow positions (tokens, pixels, or queries and keys) through a graph. Two kinds of
 * operations are treated alike: operations that keep every element at its position, and sliding windows. All other
 * operations have a method each, so that a new operation is either added here, because it is of one of these kinds, or
 * handled by every reader.
 */
public interface PositionwiseVisitor<R> extends OpVisitor<R> {
    /** An operation whose inputs and output have the same positions. */
    R positionwise(Tensor t);

    /** An operation that computes each pixel of the output from a window of the image [H, W, C]. */
    R window(Tensor t, Window window);

    @Override
    default R dense(Tensor t, LinearOp.Dense op) {
        return positionwise(t);
    }

    @Override
    default R layerNorm(Tensor t, NormOp.LayerNorm op) {
        return positionwise(t);
    }

    @Override
    default R batchNorm(Tensor t, NormOp.BatchNorm op) {
        return positionwise(t);
    }

    @Override
    default R groupNorm(Tensor t, NormOp.GroupNorm op) {
        return positionwise(t);
    }

    @Override
    default R addParameter(Tensor t, ParameterOp.AddParameter op) {
        return positionwise(t);
    }

    @Override
    default R layerScale(Tensor t, ParameterOp.LayerScale op) {
        return positionwise(t);
    }

    @Override
    default R activate(Tensor t, ArithmeticOp.Activate op) {
        return positionwise(t);
    }

    @Override
    default R add(Tensor t, ArithmeticOp.Add op) {
        return positionwise(t);
    }

    @Override
    default R scale(Tensor t, ArithmeticOp.Scale op) {
        return positionwise(t);
    }

    @Override
    default R softmax(Tensor t, AttentionOp.Softmax op) {
        return positionwise(t);
    }

    @Override
    default R mixHeads(Tensor t, AttentionOp.MixHeads op) {
        return positionwise(t);
    }

    @Override
    default R relativeBias(Tensor t, AttentionOp.RelativeBias op) {
        return positionwise(t);
    }

    @Override
    default R performerFeatures(Tensor t, AttentionOp.PerformerFeatures op) {
        return positionwise(t);
    }

    @Override
    default R dropout(Tensor t, DropOp.Dropout op) {
        return positionwise(t);
    }

    @Override
    default R dropPath(Tensor t, DropOp.DropPath op) {
        return positionwise(t);
    }

    @Override
    default R dropLayer(Tensor t, DropOp.DropLayer op) {
        return positionwise(t);
    }

    @Override
    default R conv2d(Tensor t, LinearOp.Conv2d op) {
        return window(t, op.window());
    }

    @Override
    default R standardizedConv2d(Tensor t, LinearOp.StandardizedConv2d op) {
        return window(t, op.window());
    }

    @Override
    default R maxPool(Tensor t, ImageOp.MaxPool op) {
        return window(t, op.window());
    }

    @Override
    default R avgPool(Tensor t, ImageOp.AvgPool op) {
        return window(t, op.window());
    }
}
