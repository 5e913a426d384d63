package org.vit4j.backend.torch;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.vit4j.backend.Mode;
import org.vit4j.backend.OpTime.OpTimes;
import org.vit4j.graph.Graph;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.Tensor;

/** The operations that some tensors of a graph need, in order; values are released after their last use. */
final class TorchPass {
    private final List<Tensor> order;
    private final TorchFusion fusion;
    private final Set<String> kept;
    private final Set<String> differentiated;
    /** Names of the values that are not used after a tensor. */
    private final Map<String, List<String>> released = new HashMap<>();

    private TorchPass(
            Graph graph,
            List<Tensor> results,
            Collection<String> kept,
            Collection<String> differentiated,
            Optional<Mode> fused) {
        this.kept = Set.copyOf(kept);
        this.differentiated = Set.copyOf(differentiated);
        Set<String> needed = new HashSet<>();
        Deque<Tensor> open = new ArrayDeque<>(results);
        while (!open.isEmpty()) {
            Tensor t = open.pop();
            if (needed.add(t.name())) open.addAll(t.inputs());
        }
        List<Tensor> all =
                graph.tensors().stream().filter(t -> needed.contains(t.name())).toList();
        this.fusion = fused.map(mode -> TorchFusion.of(all, this.kept, mode)).orElse(TorchFusion.NONE);
        this.order = all.stream().filter(fusion::isComputed).toList();
        Map<String, String> lastUse = new HashMap<>();
        for (Tensor t : order) fusion.inputs(t).forEach(input -> lastUse.put(input.name(), t.name()));
        lastUse.forEach((name, user) -> {
            if (!this.kept.contains(name))
                released.computeIfAbsent(user, any -> new ArrayList<>()).add(name);
        });
    }

    /**
     * @param kept tensors whose values are read after the pass
     * @param fused whether attention is fused where its maps are not read
     */
    static TorchPass inference(Graph graph, Collection<String> kept, boolean fused) {
        List<Tensor> results = kept.stream().map(graph::tensor).toList();
        return new TorchPass(
                graph, results, kept, List.of(), Optional.of(Mode.INFERENCE).filter(any -> fused));
    }

    /**
     * A pass that may be followed by a backward pass. Computes all batch norms too: their running statistics are updated even if
     * the loss does not depend on them.
     *
     * @param kept tensors whose values are read after the pass
     * @param differentiated tensors whose gradients are read after the backward pass
     */
    static TorchPass training(Graph graph, Collection<String> kept, Collection<String> differentiated, boolean fused) {
        Set<String> all = new HashSet<>(kept);
        all.addAll(differentiated);
        List<Tensor> results = graph.tensors().stream()
                .filter(t -> all.contains(t.name()) || t.op() instanceof NormOp.BatchNorm)
                .toList();
        all.forEach(graph::tensor); // throws for unknown names
        return new TorchPass(
                graph, results, all, differentiated, Optional.of(Mode.TRAINING).filter(any -> fused));
    }

    /** Number of elements of all values per example. */
    long elements() {
        return order.stream().mapToLong(t -> t.shape().size()).sum();
    }

    /** Computes the values; those that are kept remain in the lowering, until {@link #release}. */
    void run(TorchOpLowering lowering, OpTimes times) {
        for (Tensor t : order) {
            long start = System.nanoTime();
            lowering.values().put(t.name(), compute(t, lowering));
            for (String name : released.getOrDefault(t.name(), List.of())) {
                lowering.values().remove(name).tensor().releaseReference();
            }
            if (times != null) times.add(t.op().getClass().getSimpleName(), System.nanoTime() - start);
        }
    }

    private TorchValue compute(Tensor t, TorchOpLowering lowering) {
        try (PointerScope scope = TorchArrays.scope()) {
            TorchValue value = fusion.scores(t)
                    .map(scores -> lowering.attention(scores, t))
                    .orElseGet(() -> t.accept(lowering));
            if (kept.contains(t.name())) value = value.floats();
            if (differentiated.contains(t.name())) value = withGradient(value);
            value.tensor().retainReference();
            return value;
        }
    }

    private static TorchValue withGradient(TorchValue value) {
        if (!value.tensor().requires_grad())
            return new TorchValue(value.tensor().detach().requires_grad_(true));
        if (!value.tensor().is_leaf()) value.tensor().retain_grad();
        return value;
    }

    /** Frees the values that were kept. */
    static void release(TorchOpLowering lowering) {
        lowering.values().values().forEach(value -> value.tensor().releaseReference());
        lowering.values().clear();
    }
}
