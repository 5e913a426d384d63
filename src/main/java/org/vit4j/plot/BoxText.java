package org.vit4j.plot;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.vit4j.graph.Graph;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/** Short texts for the boxes of a drawing. */
final class BoxText {
    /** Lines that fit into a box. */
    private static final int MAX_LINES = 4;

    private BoxText() {}

    /** Returns true for ops without a box: reshape, permute, slice and the dropout variants. */
    static boolean isPassThrough(Op op) {
        return op instanceof Op.Reshape
                || op instanceof Op.Permute
                || op instanceof Op.Slice
                || op instanceof Op.Dropout
                || op instanceof Op.DropPath
                || op instanceof Op.DropLayer;
    }

    /** Returns the lines of a box that represents several tensors. */
    static List<String> group(List<Tensor> tensors) {
        for (Tensor t : tensors) {
            if (t.op() instanceof Op.WeightedSum) return attention(t, tensors);
            if (t.op() instanceof HeadOp.LinearAttention) {
                return List.of(
                        "attention by random", "features (" + t.inputs().get(0).dim(1) + ")");
            }
        }
        List<String> lines = new ArrayList<>();
        for (Tensor t : tensors) if (!isPassThrough(t.op())) lines.add(describe(t));
        if (lines.size() <= MAX_LINES) return lines;
        List<String> shortened = new ArrayList<>(lines.subList(0, MAX_LINES - 1));
        shortened.add("and " + (lines.size() - shortened.size()) + " more");
        return shortened;
    }

    private static List<String> attention(Tensor context, List<Tensor> tensors) {
        Shape maps = context.input().shape();
        List<String> lines = new ArrayList<>();
        lines.add("attention, " + maps.dim(0) + (maps.dim(0) == 1 ? " head of " : " heads of ")
                + context.inputs().get(1).shape().last());
        lines.add("maps " + maps.dim(1) + " × " + maps.dim(2));
        if (tensors.stream().anyMatch(t -> t.op() instanceof HeadOp.MixHeads)) lines.add("heads mixed");
        if (tensors.stream().anyMatch(t -> t.op() instanceof HeadOp.RelativeBias)) lines.add("relative position bias");
        if (tensors.stream().anyMatch(t -> t.op() instanceof Op.Conv2d)) lines.add("q, k, v by convolution");
        return lines;
    }

    /** Returns the text for the op of one tensor. */
    static String describe(Tensor t) {
        Op op = t.op();
        if (op instanceof Op.Input) return "input";
        if (op instanceof Op.Dense dense) return "dense " + t.input().shape().last() + " → " + dense.units();
        if (op instanceof Op.Conv2d conv) return conv(conv);
        if (op instanceof ImageOp.StandardizedConv2d conv) {
            return "standardized conv " + window(conv.window()) + ", " + conv.filters();
        }
        if (op instanceof Op.LayerNorm) return "layer norm";
        if (op instanceof ImageOp.BatchNorm) return "batch norm";
        if (op instanceof ImageOp.GroupNorm norm) return "group norm, " + norm.groups();
        if (op instanceof Op.Activate activate)
            return lowerCase(activate.function().name());
        if (op instanceof Op.Add) return "+";
        if (op instanceof Op.AddParameter table) {
            return table.role() == Role.CONSTANT
                    ? "+ constant"
                    : "+ learned " + lowerCase(table.role().name());
        }
        if (op instanceof Op.LayerScale) return "× learned scale";
        if (op instanceof Op.LearnedTokens tokens)
            return tokens.count() == 1 ? "learned token" : tokens.count() + " learned tokens";
        if (op instanceof Op.Concat) return "concat";
        if (op instanceof Op.Mean) return "mean";
        if (op instanceof Op.Scale scale) return "× " + (float) scale.factor();
        if (op instanceof ImageOp.MaxPool pool) return "max pool " + window(pool.window());
        if (op instanceof ImageOp.AvgPool pool) return "avg pool " + window(pool.window());
        if (op instanceof ImageOp.Unfold unfold) return "unfold " + window(unfold.window());
        if (op instanceof ImageOp.Resize) return "resize, bicubic";
        return splitCamelCase(op.getClass().getSimpleName());
    }

    private static String conv(Op.Conv2d conv) {
        String kind = conv.groups() == 1 ? "conv " : conv.groups() == conv.filters() ? "depthwise " : "grouped conv ";
        return kind + window(conv.window()) + ", " + conv.filters();
    }

    private static String window(Window w) {
        String text = w.kernelHeight() + "×" + w.kernelWidth();
        if (w.strideHeight() > 1) text += " /" + w.strideHeight();
        return w.dilation() > 1 ? text + " dilated " + w.dilation() : text;
    }

    private static String lowerCase(String constant) {
        return constant.toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String splitCamelCase(String camel) {
        return camel.replaceAll("(?<=[a-z])(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
    }

    /** Returns the number of parameter elements of some tensors as text; empty if there are none. */
    static String parameters(List<Tensor> tensors) {
        long count = tensors.stream()
                .flatMap(t -> t.parameters().stream())
                .distinct()
                .mapToLong(parameter -> parameter.size())
                .sum();
        return count == 0 ? "" : count(count);
    }

    static String parameters(Graph graph) {
        return count(graph.parameterCount());
    }

    private static String count(long count) {
        if (count >= 10_000_000) return String.format(Locale.ROOT, "%.1f M parameters", count / 1e6);
        if (count >= 1_000_000) return String.format(Locale.ROOT, "%.2f M parameters", count / 1e6);
        return String.format(Locale.ROOT, "%,d parameters", count);
    }
}
