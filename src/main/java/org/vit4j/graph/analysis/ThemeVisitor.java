package org.vit4j.graph.analysis;

import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.OpVisitor;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Tensor;

/**
 * Visitor for readers that treat the operations of a theme alike. A reader answers for each theme and overrides the
 * operations with another answer. A new operation gets the answer of its theme, a new theme does not compile; so this
 * is for estimates only, where the answer of the theme is a fair guess.
 */
interface ThemeVisitor<R> extends OpVisitor<R> {
    R linear(Tensor t, LinearOp op);

    R norm(Tensor t, NormOp op);

    R parameter(Tensor t, ParameterOp op);

    R arithmetic(Tensor t, ArithmeticOp op);

    R layout(Tensor t, LayoutOp op);

    R attention(Tensor t, AttentionOp op);

    R image(Tensor t, ImageOp op);

    R drop(Tensor t, DropOp op);

    @Override
    default R dense(Tensor t, LinearOp.Dense op) {
        return linear(t, op);
    }

    @Override
    default R conv2d(Tensor t, LinearOp.Conv2d op) {
        return linear(t, op);
    }

    @Override
    default R standardizedConv2d(Tensor t, LinearOp.StandardizedConv2d op) {
        return linear(t, op);
    }

    @Override
    default R layerNorm(Tensor t, NormOp.LayerNorm op) {
        return norm(t, op);
    }

    @Override
    default R batchNorm(Tensor t, NormOp.BatchNorm op) {
        return norm(t, op);
    }

    @Override
    default R groupNorm(Tensor t, NormOp.GroupNorm op) {
        return norm(t, op);
    }

    @Override
    default R addParameter(Tensor t, ParameterOp.AddParameter op) {
        return parameter(t, op);
    }

    @Override
    default R layerScale(Tensor t, ParameterOp.LayerScale op) {
        return parameter(t, op);
    }

    @Override
    default R learnedTokens(Tensor t, ParameterOp.LearnedTokens op) {
        return parameter(t, op);
    }

    @Override
    default R activate(Tensor t, ArithmeticOp.Activate op) {
        return arithmetic(t, op);
    }

    @Override
    default R add(Tensor t, ArithmeticOp.Add op) {
        return arithmetic(t, op);
    }

    @Override
    default R scale(Tensor t, ArithmeticOp.Scale op) {
        return arithmetic(t, op);
    }

    @Override
    default R mean(Tensor t, ArithmeticOp.Mean op) {
        return arithmetic(t, op);
    }

    @Override
    default R concat(Tensor t, LayoutOp.Concat op) {
        return layout(t, op);
    }

    @Override
    default R slice(Tensor t, LayoutOp.Slice op) {
        return layout(t, op);
    }

    @Override
    default R reshape(Tensor t, LayoutOp.Reshape op) {
        return layout(t, op);
    }

    @Override
    default R permute(Tensor t, LayoutOp.Permute op) {
        return layout(t, op);
    }

    @Override
    default R splitHeads(Tensor t, LayoutOp.SplitHeads op) {
        return layout(t, op);
    }

    @Override
    default R mergeHeads(Tensor t, LayoutOp.MergeHeads op) {
        return layout(t, op);
    }

    @Override
    default R attentionScores(Tensor t, AttentionOp.AttentionScores op) {
        return attention(t, op);
    }

    @Override
    default R softmax(Tensor t, AttentionOp.Softmax op) {
        return attention(t, op);
    }

    @Override
    default R weightedSum(Tensor t, AttentionOp.WeightedSum op) {
        return attention(t, op);
    }

    @Override
    default R mixHeads(Tensor t, AttentionOp.MixHeads op) {
        return attention(t, op);
    }

    @Override
    default R relativeBias(Tensor t, AttentionOp.RelativeBias op) {
        return attention(t, op);
    }

    @Override
    default R performerFeatures(Tensor t, AttentionOp.PerformerFeatures op) {
        return attention(t, op);
    }

    @Override
    default R linearAttention(Tensor t, AttentionOp.LinearAttention op) {
        return attention(t, op);
    }

    @Override
    default R lastTokenQkv(Tensor t, AttentionOp.LastTokenQkv op) {
        return attention(t, op);
    }

    @Override
    default R pad(Tensor t, ImageOp.Pad op) {
        return image(t, op);
    }

    @Override
    default R unfold(Tensor t, ImageOp.Unfold op) {
        return image(t, op);
    }

    @Override
    default R maxPool(Tensor t, ImageOp.MaxPool op) {
        return image(t, op);
    }

    @Override
    default R avgPool(Tensor t, ImageOp.AvgPool op) {
        return image(t, op);
    }

    @Override
    default R resize(Tensor t, ImageOp.Resize op) {
        return image(t, op);
    }

    @Override
    default R dropout(Tensor t, DropOp.Dropout op) {
        return drop(t, op);
    }

    @Override
    default R dropPath(Tensor t, DropOp.DropPath op) {
        return drop(t, op);
    }

    @Override
    default R dropLayer(Tensor t, DropOp.DropLayer op) {
        return drop(t, op);
    }
}
