package org.vit4j.graph.analysis;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * Ranges of the inputs that an operation reads to compute a range of its output, one per input. Empty if the operation
 * can compute only all of its output.
 *
 * @param range a part of the output
 * @param training whether batch norm uses the statistics of the batch, and dropout a mask
 */
record TokenReads(TokenRange range, boolean training) implements PositionwiseVisitor<List<TokenRange>> {
    private static final List<TokenRange> UNSUPPORTED = List.of();

    private List<TokenRange> same(Tensor t) {
        return Collections.nCopies(t.inputs().size(), range);
    }

    /** The operation may combine the elements of the last axis. */
    @Override
    public List<TokenRange> positionwise(Tensor t) {
        return range.axis() < t.shape().rank() - 1 ? same(t) : UNSUPPORTED;
    }

    @Override
    public List<TokenRange> batchNorm(Tensor t, NormOp.BatchNorm op) {
        return training || range.axis() == op.axis() ? UNSUPPORTED : same(t);
    }

    @Override
    public List<TokenRange> dropout(Tensor t, DropOp.Dropout op) {
        return training ? UNSUPPORTED : same(t);
    }

    @Override
    public List<TokenRange> mixHeads(Tensor t, AttentionOp.MixHeads op) {
        return range.axis() == 1 ? same(t) : UNSUPPORTED;
    }

    @Override
    public List<TokenRange> splitHeads(Tensor t, LayoutOp.SplitHeads op) {
        // Parts of one product remain views of it: gradients of all parts are written to one array.
        return range.axis() == 1 && op.parts() == 1 ? List.of(range.along(0)) : UNSUPPORTED;
    }

    @Override
    public List<TokenRange> mergeHeads(Tensor t, LayoutOp.MergeHeads op) {
        return range.axis() == 0 ? List.of(range.along(1)) : UNSUPPORTED;
    }

    @Override
    public List<TokenRange> attentionScores(Tensor t, AttentionOp.AttentionScores op) {
        return range.axis() == 1 ? List.of(range, TokenRange.ALL) : UNSUPPORTED;
    }

    @Override
    public List<TokenRange> weightedSum(Tensor t, AttentionOp.WeightedSum op) {
        return range.axis() == 1 ? List.of(range, TokenRange.ALL) : UNSUPPORTED;
    }

    @Override
    public List<TokenRange> concat(Tensor t, LayoutOp.Concat op) {
        if (range.axis() != op.axis()) return same(t);
        TokenRange[] parts = new TokenRange[t.inputs().size()];
        int start = 0;
        for (int i = 0; i < parts.length; i++) {
            int size = t.inputs().get(i).dim(op.axis());
            int from = Math.max(range.from() - start, 0);
            int to = Math.min(range.to() - start, size);
            boolean all = from == 0 && to == size;
            parts[i] = from >= to ? TokenRange.NONE : all ? TokenRange.ALL : new TokenRange(op.axis(), from, to);
            start += size;
        }
        return Arrays.asList(parts);
    }

    @Override
    public List<TokenRange> groupNorm(Tensor t, NormOp.GroupNorm op) {
        return UNSUPPORTED;
    }

    @Override
    public List<TokenRange> addParameter(Tensor t, ParameterOp.AddParameter op) {
        return UNSUPPORTED;
    }

    @Override
    public List<TokenRange> relativeBias(Tensor t, AttentionOp.RelativeBias op) {
        return UNSUPPORTED;
    }

    @Override
    public List<TokenRange> linearAttention(Tensor t, AttentionOp.LinearAttention op) {
        return UNSUPPORTED;
    }

    @Override
    public List<TokenRange> lastTokenQkv(Tensor t, AttentionOp.LastTokenQkv op) {
        return UNSUPPORTED;
    }

    @Override
    public List<TokenRange> slice(Tensor t, LayoutOp.Slice op) {
        return UNSUPPORTED;
    }

    @Override
    public List<TokenRange> reshape(Tensor t, LayoutOp.Reshape op) {
        return UNSUPPORTED;
    }

    @Override
    public List<TokenRange> permute(Tensor t, LayoutOp.Permute op) {
        return UNSUPPORTED;
    }

    @Override
    public List<TokenRange> mean(Tensor t, ArithmeticOp.Mean op) {
        return UNSUPPORTED;
    }

    @Override
    public List<TokenRange> input(Tensor t, Op.Input op) {
        return UNSUPPORTED;
    }

    @Override
    public List<TokenRange> learnedTokens(Tensor t, ParameterOp.LearnedTokens op) {
        return UNSUPPORTED;
    }

    @Override
    public List<TokenRange> window(Tensor t, Window window) {
        return UNSUPPORTED;
    }

    @Override
    public List<TokenRange> pad(Tensor t, ImageOp.Pad op) {
        return UNSUPPORTED;
    }

    @Override
    public List<TokenRange> unfold(Tensor t, ImageOp.Unfold op) {
        return UNSUPPORTED;
    }

    @Override
    public List<TokenRange> resize(Tensor t, ImageOp.Resize op) {
        return UNSUPPORTED;
    }
}
