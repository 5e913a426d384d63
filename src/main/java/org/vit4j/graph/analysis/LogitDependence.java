package org.vit4j.graph.analysis;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * Finds the tensors whose grid cells affect the logits. If the head reads only the class token, the last block's
 * patches do not affect the logits and their gradient is zero.
 */
public final class LogitDependence {
    private final Map<String, SpatialMap> spatialMaps;
    /** Tensors that the logits depend on; true if they depend on the cells of the grid. */
    private final Map<Tensor, Boolean> used = new HashMap<>();

    private LogitDependence(Map<String, SpatialMap> spatialMaps) {
        this.spatialMaps = spatialMaps;
    }

    /** Returns the tensors with a grid, [H, W, C] or [T, D], whose cells affect the logits, in graph order. */
    public static List<Tensor> spatial(Graph graph, Map<String, SpatialMap> spatialMaps) {
        LogitDependence dependence = new LogitDependence(spatialMaps);
        dependence.used.put(graph.logits(), true);
        List<Tensor> order = new ArrayList<>(graph.tensors());
        for (int i = order.size() - 1; i >= 0; i--) {
            Boolean cells = dependence.used.get(order.get(i));
            if (cells != null) order.get(i).accept(dependence.new InputUse(cells));
        }
        return order.stream()
                .filter(t -> dependence.used.getOrDefault(t, false))
                .filter(t -> spatialMaps.get(t.name()).spatial().isPresent())
                .toList();
    }

    /** Marks the inputs of a tensor as used; {@code cells} is true if the cells of the tensor are used. */
    private final class InputUse implements PositionwiseVisitor<Void> {
        private final boolean cells;

        InputUse(boolean cells) {
            this.cells = cells;
        }

        private Void use(Tensor t, boolean inputCells) {
            used.merge(t, inputCells, Boolean::logicalOr);
            return null;
        }

        /** The cells of the inputs are used if those of the output are. */
        private Void propagate(Tensor t) {
            for (Tensor input : t.inputs()) use(input, cells);
            return null;
        }

        @Override
        public Void input(Tensor t, Op.Input op) {
            return null;
        }

        @Override
        public Void learnedTokens(Tensor t, ParameterOp.LearnedTokens op) {
            return null; // the input gives the width only
        }

        @Override
        public Void positionwise(Tensor t) {
            return propagate(t);
        }

        @Override
        public Void window(Tensor t, Window window) {
            return propagate(t);
        }

        @Override
        public Void unfold(Tensor t, ImageOp.Unfold op) {
            return propagate(t);
        }

        @Override
        public Void pad(Tensor t, ImageOp.Pad op) {
            return propagate(t);
        }

        @Override
        public Void resize(Tensor t, ImageOp.Resize op) {
            return propagate(t);
        }

        @Override
        public Void mean(Tensor t, ArithmeticOp.Mean op) {
            return propagate(t);
        }

        @Override
        public Void reshape(Tensor t, LayoutOp.Reshape op) {
            return propagate(t);
        }

        @Override
        public Void permute(Tensor t, LayoutOp.Permute op) {
            return propagate(t);
        }

        @Override
        public Void splitHeads(Tensor t, LayoutOp.SplitHeads op) {
            return propagate(t);
        }

        @Override
        public Void mergeHeads(Tensor t, LayoutOp.MergeHeads op) {
            return propagate(t);
        }

        @Override
        public Void slice(Tensor t, LayoutOp.Slice op) {
            return use(t.input(), cells && (hasGrid(t) || !hasGrid(t.input())));
        }

        @Override
        public Void concat(Tensor t, LayoutOp.Concat op) {
            if (!hasGrid(t)) return propagate(t);
            for (Tensor part : t.inputs()) {
                if (!hasGrid(part)) use(part, true);
                else if (cells || !onlyGrid(part)) use(part, cells);
            }
            return null;
        }

        @Override
        public Void attentionScores(Tensor t, AttentionOp.AttentionScores op) {
            return attend(t);
        }

        @Override
        public Void weightedSum(Tensor t, AttentionOp.WeightedSum op) {
            return attend(t);
        }

        @Override
        public Void linearAttention(Tensor t, AttentionOp.LinearAttention op) {
            return attend(t);
        }

        /** Queries, or rows of the attention maps, keep their positions; every position of the rest is read. */
        private Void attend(Tensor t) {
            use(t.input(), cells);
            for (Tensor context : t.inputs().subList(1, t.inputs().size())) use(context, true);
            return null;
        }

        @Override
        public Void lastTokenQkv(Tensor t, AttentionOp.LastTokenQkv op) {
            return use(t.input(), true);
        }
    }

    private boolean hasGrid(Tensor t) {
        return spatialMaps.get(t.name()).hasGrid();
    }

    private boolean onlyGrid(Tensor t) {
        return spatialMaps.get(t.name()).spatial().filter(TokenGrid::isGridOnly).isPresent();
    }
}
