package org.vit4j.plot;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vit4j.graph.Op;
import org.vit4j.graph.Tensor;

/**
 * Places the parts of a network or of one of its blocks from top to bottom: each below all it is made from, those of one
 * rank beside each other.
 */
final class PlotLayout {
    static final double GAP = 36;
    private static final double BESIDE = 26;
    /** Between arrows into a block, so that there is room for their shapes. */
    private static final double PORTS = 80;

    private static final double SIDE = 16;
    private static final double LANE = 15;

    final List<PlotNode> nodes = new ArrayList<>();
    final List<PlotEdge> edges = new ArrayList<>();
    private final Map<Tensor, PlotNode> owner = new HashMap<>();
    private final Map<Tensor, PlotNode> entries = new LinkedHashMap<>();
    private final Map<Tensor, PlotNode> exits = new LinkedHashMap<>();
    double width;
    double height;

    /** From one node to another: what flows, and the shape it arrives in. */
    static final class PlotEdge {
        final PlotNode from;
        final PlotNode to;
        final Tensor source;
        final String shape;
        /** Right of everything it passes; 0 for none. */
        double lane;

        PlotEdge(PlotNode from, PlotNode to, Tensor source, String shape) {
            this.from = from;
            this.to = to;
            this.source = source;
            this.shape = shape;
        }
    }

    /**
     * @param path of the block whose parts these are; empty for the network
     * @param parts in the order of the graph
     * @param read tensors of these parts that are read outside; arrows to them leave at the bottom
     */
    PlotLayout(String path, List<Module> parts, Set<Tensor> read) {
        for (Module part : parts) {
            if (part.all().allMatch(t -> BoxText.isPassing(t.op()))) continue;
            PlotNode node = new PlotNode(part, path);
            nodes.add(node);
            part.all().forEach(t -> owner.put(t, node));
        }
        for (PlotNode node : List.copyOf(nodes)) connect(node);
        Set<Tensor> out = new LinkedHashSet<>();
        for (Tensor t : read) out.add(PlotNode.seen(t));
        for (Tensor t : out) {
            PlotNode from = owner.get(t);
            if (from == null) continue;
            PlotNode port = exits.computeIfAbsent(from.first(t), PlotNode::new);
            edge(from, port, t, path.isEmpty() ? t.shape().toString() : "");
        }
        for (PlotNode node : nodes) node.layOut(readOutside(node));
        nodes.addAll(0, entries.values());
        nodes.addAll(exits.values());
        rank();
        place();
    }

    private void connect(PlotNode node) {
        node.part.all().forEach(t -> {
            // A learned token only asks its input how wide to be.
            if (BoxText.isPassing(t.op()) || t.op() instanceof Op.LearnedTokens) return;
            for (Tensor input : t.inputs()) {
                Tensor source = PlotNode.seen(input);
                PlotNode from = owner.get(source);
                if (from == node) continue;
                if (from == null) from = entries.computeIfAbsent(source, PlotNode::new);
                edge(from, node, source, input.shape().toString());
            }
        });
    }

    private void edge(PlotNode from, PlotNode to, Tensor source, String shape) {
        Tensor first = from.first(source);
        boolean known = edges.stream().anyMatch(e -> e.from == from && e.to == to && from.first(e.source) == first);
        if (!known) edges.add(new PlotEdge(from, to, source, shape));
    }

    private Set<Tensor> readOutside(PlotNode node) {
        Set<Tensor> read = new LinkedHashSet<>();
        for (PlotEdge edge : edges) if (edge.from == node) read.add(node.first(edge.source));
        return read;
    }

    private void rank() {
        for (int pass = 0, changes = 1; changes > 0 && pass <= nodes.size(); pass++) {
            changes = 0;
            for (PlotEdge edge : edges) {
                int below = edge.from.rank + 1;
                if (edge.to.rank < below) {
                    edge.to.rank = below;
                    changes++;
                }
            }
        }
        // What nothing comes into, such as a learned token, stands just above what reads it.
        for (PlotNode node : nodes) {
            boolean source = edges.stream().noneMatch(e -> e.to == node);
            if (!source || node.isPort()) continue;
            node.rank = edges.stream()
                    .filter(e -> e.from == node)
                    .mapToInt(e -> e.to.rank - 1)
                    .min()
                    .orElse(node.rank);
        }
        int last = nodes.stream().mapToInt(n -> n.rank).max().orElse(0);
        exits.values().forEach(port -> port.rank = Math.max(last, port.rank));
    }

    private void place() {
        Map<Integer, List<PlotNode>> rows = new java.util.TreeMap<>();
        for (PlotNode node : nodes)
            rows.computeIfAbsent(node.rank, any -> new ArrayList<>()).add(node);
        double y = entries.isEmpty() ? SIDE : 0;
        double widest = 0;
        for (List<PlotNode> row : rows.values()) {
            double tallest = row.stream().mapToDouble(n -> n.height).max().orElse(0);
            widest = Math.max(widest, row.stream().mapToDouble(n -> n.width).sum() + BESIDE * (row.size() - 1));
            for (PlotNode node : row) {
                node.y = y + (tallest - node.height) / 2;
                node.top = y;
                node.bottom = y + tallest;
            }
            y += tallest + GAP;
        }
        height = y - (exits.isEmpty() ? GAP - SIDE : GAP);
        for (List<PlotNode> row : rows.values()) spread(row, widest);
        double left = nodes.stream().mapToDouble(n -> n.x).min().orElse(0);
        nodes.forEach(n -> n.x += SIDE - left);
        double right = nodes.stream().mapToDouble(n -> n.x + n.width).max().orElse(0);
        width = Math.max(right, lanes(right)) + SIDE;
        labels();
    }

    /** Each node below the middle of what it is made from, moved aside where two would overlap. */
    private void spread(List<PlotNode> row, double widest) {
        for (PlotNode node : row) {
            node.x = 0;
            node.x = wish(node, widest / 2) - arrival(node);
        }
        row.sort(Comparator.comparingDouble(n -> n.x + n.width / 2));
        for (int i = 0; i < row.size(); i++) row.get(i).order = i;
        double wished = middle(row);
        for (int i = 1; i < row.size(); i++) {
            PlotNode before = row.get(i - 1);
            double apart = before.isPort() ? PORTS : BESIDE;
            row.get(i).x = Math.max(row.get(i).x, before.x + before.width + apart);
        }
        double moved = middle(row) - wished;
        row.forEach(n -> n.x -= moved);
    }

    private static double middle(List<PlotNode> row) {
        return row.stream().mapToDouble(n -> n.x + n.width / 2).average().orElse(0);
    }

    /** How far right in a node the arrows arrive, on average. */
    private double arrival(PlotNode node) {
        return edges.stream()
                .filter(e -> e.to == node)
                .mapToDouble(e -> node.inX(e.source) - node.x)
                .average()
                .orElse(node.width / 2);
    }

    private double wish(PlotNode node, double standard) {
        return edges.stream()
                .filter(e -> e.to == node && e.from.rank < node.rank)
                .mapToDouble(e -> e.from.outX(e.source))
                .average()
                .orElse(standard);
    }

    /** Edges that would run through a node take a lane on the right; the farthest right there is. */
    private double lanes(double right) {
        double farthest = right;
        List<PlotEdge> passing = new ArrayList<>();
        for (PlotEdge edge : edges) if (runsThrough(edge)) passing.add(edge);
        passing.sort(Comparator.comparingInt(e -> e.to.rank - e.from.rank));
        List<PlotEdge> done = new ArrayList<>();
        for (PlotEdge edge : passing) {
            double lane = nodes.stream()
                            .filter(n -> n.rank > edge.from.rank && n.rank < edge.to.rank)
                            .mapToDouble(n -> n.x + n.width)
                            .max()
                            .orElse(0)
                    + LANE;
            lane = Math.max(lane, Math.max(edge.from.outX(edge.source), edge.to.inX(edge.source)) + LANE);
            for (PlotEdge other : done) {
                boolean beside = other.from.rank < edge.to.rank && edge.from.rank < other.to.rank;
                boolean same = other.from == edge.from && other.source == edge.source;
                if (beside && !same && Math.abs(other.lane - lane) < LANE) lane = other.lane + LANE;
            }
            edge.lane = lane;
            done.add(edge);
            farthest = Math.max(farthest, lane);
        }
        return farthest;
    }

    private boolean runsThrough(PlotEdge edge) {
        double low = Math.min(edge.from.outX(edge.source), edge.to.inX(edge.source)) - 4;
        double high = Math.max(edge.from.outX(edge.source), edge.to.inX(edge.source)) + 4;
        return nodes.stream()
                .filter(n -> n.rank > edge.from.rank && n.rank < edge.to.rank)
                .anyMatch(n -> n.x < high && n.x + n.width > low);
    }

    /** Room for the shapes that stand right of arrows. */
    private void labels() {
        for (PlotNode node : nodes) {
            arrivals(node).forEach((x, shapes) -> width = Math.max(width, x + 10 + PlotNode.textWidth(shapes, false)));
        }
    }

    /** The shapes that arrive at each place of a node's upper edge. */
    Map<Double, String> arrivals(PlotNode node) {
        Map<Double, String> arrivals = new LinkedHashMap<>();
        for (PlotEdge edge : edges) {
            if (edge.to != node || edge.shape.isEmpty()) continue;
            arrivals.merge(edge.to.inX(edge.source), edge.shape, (a, b) -> a.contains(b) ? a : a + " " + b);
        }
        return arrivals;
    }

    /** Where an arrow from outside arrives. */
    double entryX(Tensor source) {
        PlotNode port = entries.get(source);
        return port == null ? width / 2 : port.x;
    }

    double exitX(Tensor source) {
        PlotNode port = exits.get(source);
        return port == null ? width / 2 : port.x;
    }
}
