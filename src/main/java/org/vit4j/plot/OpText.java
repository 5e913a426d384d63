package org.vit4j.plot;

import java.util.Locale;
import java.util.Optional;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.OpVisitor;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * Text of an operation in a drawing; empty for operations without a box: arrows pass through reshape, permute, slice
 * and the dropout variants.
 */
final class OpText implements OpVisitor<Optional<String>> {
    static final OpText INSTANCE = new OpText();

    private OpText() {}

    private static String window(Window w) {
        String text = w.kernelHeight() + "×" + w.kernelWidth();
        if (w.strideHeight() > 1) text += " /" + w.strideHeight();
        return w.dilation() > 1 ? text + " dilated " + w.dilation() : text;
    }

    private static String lowerCase(String constant) {
        return constant.toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    @Override
    public Optional<String> input(Tensor t, Op.Input op) {
        return Optional.of("input");
    }

    @Override
    public Optional<String> dense(Tensor t, LinearOp.Dense op) {
        return Optional.of("dense " + t.input().shape().last() + " → " + op.units());
    }

    @Override
    public Optional<String> conv2d(Tensor t, LinearOp.Conv2d op) {
        String kind = op.groups() == 1 ? "conv " : op.groups() == op.filters() ? "depthwise " : "grouped conv ";
        return Optional.of(kind + window(op.window()) + ", " + op.filters());
    }

    @Override
    public Optional<String> standardizedConv2d(Tensor t, LinearOp.StandardizedConv2d op) {
        return Optional.of("standardized conv " + window(op.window()) + ", " + op.filters());
    }

    @Override
    public Optional<String> layerNorm(Tensor t, NormOp.LayerNorm op) {
        return Optional.of("layer norm");
    }

    @Override
    public Optional<String> batchNorm(Tensor t, NormOp.BatchNorm op) {
        return Optional.of("batch norm");
    }

    @Override
    public Optional<String> groupNorm(Tensor t, NormOp.GroupNorm op) {
        return Optional.of("group norm, " + op.groups());
    }

    @Override
    public Optional<String> addParameter(Tensor t, ParameterOp.AddParameter op) {
        if (op.role() == Role.CONSTANT) return Optional.of("+ constant");
        return Optional.of("+ learned " + lowerCase(op.role().name()));
    }

    @Override
    public Optional<String> layerScale(Tensor t, ParameterOp.LayerScale op) {
        return Optional.of("× learned scale");
    }

    @Override
    public Optional<String> learnedTokens(Tensor t, ParameterOp.LearnedTokens op) {
        return Optional.of(op.count() == 1 ? "learned token" : op.count() + " learned tokens");
    }

    @Override
    public Optional<String> activate(Tensor t, ArithmeticOp.Activate op) {
        return Optional.of(lowerCase(op.function().name()));
    }

    @Override
    public Optional<String> add(Tensor t, ArithmeticOp.Add op) {
        return Optional.of("+");
    }

    @Override
    public Optional<String> scale(Tensor t, ArithmeticOp.Scale op) {
        return Optional.of("× " + (float) op.factor());
    }

    @Override
    public Optional<String> mean(Tensor t, ArithmeticOp.Mean op) {
        return Optional.of("mean");
    }

    @Override
    public Optional<String> concat(Tensor t, LayoutOp.Concat op) {
        return Optional.of("concat");
    }

    @Override
    public Optional<String> slice(Tensor t, LayoutOp.Slice op) {
        return Optional.empty();
    }

    @Override
    public Optional<String> reshape(Tensor t, LayoutOp.Reshape op) {
        return Optional.empty();
    }

    @Override
    public Optional<String> permute(Tensor t, LayoutOp.Permute op) {
        return Optional.empty();
    }

    @Override
    public Optional<String> splitHeads(Tensor t, LayoutOp.SplitHeads op) {
        return Optional.of("split heads");
    }

    @Override
    public Optional<String> mergeHeads(Tensor t, LayoutOp.MergeHeads op) {
        return Optional.of("merge heads");
    }

    @Override
    public Optional<String> attentionScores(Tensor t, AttentionOp.AttentionScores op) {
        return Optional.of("attention scores");
    }

    @Override
    public Optional<String> softmax(Tensor t, AttentionOp.Softmax op) {
        return Optional.of("softmax");
    }

    @Override
    public Optional<String> weightedSum(Tensor t, AttentionOp.WeightedSum op) {
        return Optional.of("weighted sum");
    }

    @Override
    public Optional<String> mixHeads(Tensor t, AttentionOp.MixHeads op) {
        return Optional.of("mix heads");
    }

    @Override
    public Optional<String> relativeBias(Tensor t, AttentionOp.RelativeBias op) {
        return Optional.of("relative bias");
    }

    @Override
    public Optional<String> performerFeatures(Tensor t, AttentionOp.PerformerFeatures op) {
        return Optional.of("performer features");
    }

    @Override
    public Optional<String> linearAttention(Tensor t, AttentionOp.LinearAttention op) {
        return Optional.of("linear attention");
    }

    @Override
    public Optional<String> lastTokenQkv(Tensor t, AttentionOp.LastTokenQkv op) {
        return Optional.of("last token qkv");
    }

    @Override
    public Optional<String> pad(Tensor t, ImageOp.Pad op) {
        return Optional.of("pad");
    }

    @Override
    public Optional<String> unfold(Tensor t, ImageOp.Unfold op) {
        return Optional.of("unfold " + window(op.window()));
    }

    @Override
    public Optional<String> maxPool(Tensor t, ImageOp.MaxPool op) {
        return Optional.of("max pool " + window(op.window()));
    }

    @Override
    public Optional<String> avgPool(Tensor t, ImageOp.AvgPool op) {
        return Optional.of("avg pool " + window(op.window()));
    }

    @Override
    public Optional<String> resize(Tensor t, ImageOp.Resize op) {
        return Optional.of("resize, bicubic");
    }

    @Override
    public Optional<String> dropout(Tensor t, DropOp.Dropout op) {
        return Optional.empty();
    }

    @Override
    public Optional<String> dropPath(Tensor t, DropOp.DropPath op) {
        return Optional.empty();
    }

    @Override
    public Optional<String> dropLayer(Tensor t, DropOp.DropLayer op) {
        return Optional.empty();
    }
}
