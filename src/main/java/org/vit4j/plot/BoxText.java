package org.vit4j.plot;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/** Short texts for the boxes of a drawing. */
final class BoxText {
    /** Lines that fit into a box. */
    private static final int MAX_LINES = 4;

    private BoxText() {}

    /** Returns true if the operation of a tensor is drawn without a box; see {@link OpText}. */
    static boolean isPassThrough(Tensor t) {
        return t.accept(OpText.INSTANCE).isEmpty();
    }

    /** Returns the lines of a box that represents several tensors. */
    static List<String> group(List<Tensor> tensors) {
        for (Tensor t : tensors) {
            if (t.op() instanceof AttentionOp.WeightedSum) return attention(t, tensors);
            if (t.op() instanceof AttentionOp.LinearAttention) {
                return List.of(
                        "attention by random", "features (" + t.inputs().get(0).dim(1) + ")");
            }
        }
        List<String> lines = new ArrayList<>();
        for (Tensor t : tensors) t.accept(OpText.INSTANCE).ifPresent(lines::add);
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
        if (tensors.stream().anyMatch(t -> t.op() instanceof AttentionOp.MixHeads)) lines.add("heads mixed");
        if (tensors.stream().anyMatch(t -> t.op() instanceof AttentionOp.RelativeBias))
            lines.add("relative position bias");
        if (tensors.stream().anyMatch(t -> t.op() instanceof LinearOp.Conv2d)) lines.add("q, k, v by convolution");
        return lines;
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
