package org.vit4j.backend.onednn;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vit4j.backend.Precision;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.analysis.MixedPrecision;

/** Types of tensors in memory: float32, or with {@link Precision#BF16} those of {@link MixedPrecision}. */
final class TensorTypes {
    private final Precision precision;
    private final MixedPrecision mixed;

    /**
     * @param requested tensors that callers read
     * @param consumers tensors computed from a tensor; filled before the first call of {@link #of}
     */
    TensorTypes(Precision precision, Set<Tensor> requested, Map<Tensor, List<Tensor>> consumers) {
        this.precision = precision;
        this.mixed = new MixedPrecision(requested, consumers);
    }

    ElementType of(Tensor t) {
        return precision == Precision.BF16 && mixed.isBfloat16(t) ? ElementType.BF16 : ElementType.F32;
    }
}
