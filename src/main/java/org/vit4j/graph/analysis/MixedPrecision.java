package org.vit4j.graph.analysis;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Tensor;

/**
 * Tensors that are bfloat16 in memory in mixed precision: those that only products and normalizations read. Residual sums, attention
 * scores, outputs, and inputs of operations that compute in float32 only are float32.
 */
public final class MixedPrecision {
    private final Set<Tensor> requested;
    private final Map<Tensor, List<Tensor>> consumers;
    private final Map<Tensor, Boolean> known = new HashMap<>();

    /**
     * @param requested tensors that callers read
     * @param consumers tensors computed from a tensor; filled before the first call of {@link #isBfloat16}
     */
    public MixedPrecision(Set<Tensor> requested, Map<Tensor, List<Tensor>> consumers) {
        this.requested = requested;
        this.consumers = consumers;
    }

    /** Mixed precision of a graph whose logits are read. */
    static MixedPrecision of(Collection<Tensor> tensors, Tensor logits) {
        Map<Tensor, List<Tensor>> consumers = new HashMap<>();
        for (Tensor t : tensors) {
            for (Tensor in : t.inputs())
                consumers.computeIfAbsent(in, any -> new ArrayList<>()).add(t);
        }
        return new MixedPrecision(Set.of(logits), consumers);
    }

    public boolean isBfloat16(Tensor t) {
        Boolean before = known.get(t);
        if (before != null) return before;
        List<Tensor> readers = consumers.getOrDefault(t, List.of());
        boolean floats = t.op() instanceof ArithmeticOp.Add
                || requested.contains(t)
                || readers.stream().anyMatch(this::readsFloats);
        known.put(t, !floats);
        return !floats;
    }

    /** Returns true for dense layers of one row per image. They take little time, and rounding changes the logits. */
    public static boolean isHead(Tensor t) {
        return t.op() instanceof LinearOp.Dense && t.shape().rank() == 1;
    }

    private boolean readsFloats(Tensor reader) {
        var op = reader.op();
        if (isHead(reader)) return true;
        if (op instanceof LinearOp || op instanceof AttentionOp.AttentionScores) return false;
        if (op instanceof AttentionOp.WeightedSum || op instanceof AttentionOp.LastTokenQkv) return false;
        if (op instanceof NormOp.LayerNorm norm) return norm.epsilonOutside();
        // These have the type of their input.
        boolean keepsType = op instanceof LayoutOp
                || op instanceof DropOp
                || op instanceof ParameterOp.LayerScale
                || op instanceof NormOp.BatchNorm
                || op instanceof ImageOp.MaxPool
                || op instanceof ImageOp.Pad
                || op instanceof ArithmeticOp.Activate
                || op instanceof ArithmeticOp.Scale;
        return !keepsType || !isBfloat16(reader);
    }
}
