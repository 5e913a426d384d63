package org.vit4j.backend.onednn;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vit4j.backend.Precision;
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
 * Types of tensors in memory. With {@link Precision#BF16}, tensors that only products and normalizations read are bfloat16.
 * Residual sums, attention scores, outputs, and inputs of operations that compute in float32 only are float32.
 */
final class TensorTypes {
    private final Precision precision;
    private final Set<Tensor> requested;
    private final Map<Tensor, List<Tensor>> consumers;
    private final Map<Tensor, ElementType> types = new HashMap<>();

    /**
     * @param requested tensors that callers read
     * @param consumers tensors computed from a tensor; filled before the first call of {@link #of}
     */
    TensorTypes(Precision precision, Set<Tensor> requested, Map<Tensor, List<Tensor>> consumers) {
        this.precision = precision;
        this.requested = requested;
        this.consumers = consumers;
    }

    ElementType of(Tensor t) {
        if (precision != Precision.BF16) return ElementType.F32;
        ElementType known = types.get(t);
        if (known != null) return known;
        List<Tensor> readers = consumers.getOrDefault(t, List.of());
        boolean floats = t.op() instanceof ArithmeticOp.Add
                || requested.contains(t)
                || readers.stream().anyMatch(this::readsFloats);
        ElementType type = floats ? ElementType.F32 : ElementType.BF16;
        types.put(t, type);
        return type;
    }

    /** Returns true for dense layers of one row per image. They take little time, and rounding changes the logits. */
    static boolean isHead(Tensor t) {
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
        return !keepsType || of(reader) == ElementType.F32;
    }
}
