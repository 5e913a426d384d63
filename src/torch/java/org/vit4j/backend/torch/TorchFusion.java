package org.vit4j.backend.torch;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.vit4j.backend.Mode;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.Tensor;

/**
 * Attentions of a pass that are one operation: scores, softmax and weighted sum, if nothing else reads the first two and
 * no operation is between them. Dropout of attention maps prevents it in training: all backends drop the same elements.
 *
 * @param scores attention scores by the name of the weighted sum
 * @param skipped names of the scores and maps that are not computed
 */
record TorchFusion(Map<String, Tensor> scores, Set<String> skipped) {
    static final TorchFusion NONE = new TorchFusion(Map.of(), Set.of());

    /**
     * @param order the tensors of the pass
     * @param kept tensors that are read after the pass
     */
    static TorchFusion of(List<Tensor> order, Set<String> kept, Mode mode) {
        Map<String, Integer> uses = new HashMap<>();
        for (Tensor t : order) t.inputs().forEach(input -> uses.merge(input.name(), 1, Integer::sum));
        Map<String, Tensor> scores = new HashMap<>();
        Set<String> skipped = new HashSet<>();
        for (Tensor t : order) {
            if (!(t.op() instanceof AttentionOp.WeightedSum)) continue;
            List<Tensor> chain = chain(t.inputs().get(0), mode);
            boolean unread = chain.stream().allMatch(link -> uses.get(link.name()) == 1 && !kept.contains(link.name()));
            if (chain.isEmpty() || !unread) continue;
            scores.put(t.name(), chain.get(chain.size() - 1));
            chain.forEach(link -> skipped.add(link.name()));
        }
        return new TorchFusion(scores, skipped);
    }

    /** The maps of a weighted sum and the tensors they are made of, down to the scores; empty if other operations are between. */
    private static List<Tensor> chain(Tensor maps, Mode mode) {
        List<Tensor> chain = new ArrayList<>(List.of(maps));
        Tensor softmax = maps;
        if (mode == Mode.INFERENCE && maps.op() instanceof DropOp.Dropout) {
            softmax = maps.input();
            chain.add(softmax);
        }
        if (!(softmax.op() instanceof AttentionOp.Softmax)) return List.of();
        chain.add(softmax.input());
        return softmax.input().op() instanceof AttentionOp.AttentionScores ? chain : List.of();
    }

    /** The scores of an attention that is one operation. */
    Optional<Tensor> scores(Tensor weightedSum) {
        return Optional.ofNullable(scores.get(weightedSum.name()));
    }

    boolean isComputed(Tensor t) {
        return !skipped.contains(t.name());
    }

    /** The tensors whose values are read to compute one. */
    List<Tensor> inputs(Tensor t) {
        return scores(t)
                .map(product -> List.of(
                        product.inputs().get(0),
                        product.inputs().get(1),
                        t.inputs().get(1)))
                .orElse(t.inputs());
    }
}
