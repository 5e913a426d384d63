package org.vit4j.graph;

/**
 * Reader of a graph with one method per operation; see {@link Tensor#accept}. A new operation adds a method, and no
 * reader compiles until it has decided what to do.
 *
 * @param <R> result of a method
 */
public interface OpVisitor<R> {
    R input(Tensor t, Op.Input op);

    R dense(Tensor t, LinearOp.Dense op);

    R conv2d(Tensor t, LinearOp.Conv2d op);

    R standardizedConv2d(Tensor t, LinearOp.StandardizedConv2d op);

    R layerNorm(Tensor t, NormOp.LayerNorm op);

    R batchNorm(Tensor t, NormOp.BatchNorm op);

    R groupNorm(Tensor t, NormOp.GroupNorm op);

    R addParameter(Tensor t, ParameterOp.AddParameter op);

    R layerScale(Tensor t, ParameterOp.LayerScale op);

    R learnedTokens(Tensor t, ParameterOp.LearnedTokens op);

    R activate(Tensor t, ArithmeticOp.Activate op);

    R add(Tensor t, ArithmeticOp.Add op);

    R scale(Tensor t, ArithmeticOp.Scale op);

    R mean(Tensor t, ArithmeticOp.Mean op);

    R concat(Tensor t, LayoutOp.Concat op);

    R slice(Tensor t, LayoutOp.Slice op);

    R reshape(Tensor t, LayoutOp.Reshape op);

    R permute(Tensor t, LayoutOp.Permute op);

    R splitHeads(Tensor t, LayoutOp.SplitHeads op);

    R mergeHeads(Tensor t, LayoutOp.MergeHeads op);

    R attentionScores(Tensor t, AttentionOp.AttentionScores op);

    R softmax(Tensor t, AttentionOp.Softmax op);

    R weightedSum(Tensor t, AttentionOp.WeightedSum op);

    R mixHeads(Tensor t, AttentionOp.MixHeads op);

    R relativeBias(Tensor t, AttentionOp.RelativeBias op);

    R performerFeatures(Tensor t, AttentionOp.PerformerFeatures op);

    R linearAttention(Tensor t, AttentionOp.LinearAttention op);

    R lastTokenQkv(Tensor t, AttentionOp.LastTokenQkv op);

    R pad(Tensor t, ImageOp.Pad op);

    R unfold(Tensor t, ImageOp.Unfold op);

    R maxPool(Tensor t, ImageOp.MaxPool op);

    R avgPool(Tensor t, ImageOp.AvgPool op);

    R resize(Tensor t, ImageOp.Resize op);

    R dropout(Tensor t, DropOp.Dropout op);

    R dropPath(Tensor t, DropOp.DropPath op);

    R dropLayer(Tensor t, DropOp.DropLayer op);
}
