package org.vit4j.plot;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Tensor;

/**
 * Layered layout of the modules of a network or block. Every module is below its inputs; modules of the same rank are
 * in one row.
 */
final class PlotLayout {
    static final double ROW_GAP = 36;
    private static final double COLUMN_GAP = 26;
    /** Distance between arrows into a block, with space for their shape labels. */
    private static final double PORT_GAP = 80;

    private static final double MARGIN = 16;
    private static final double LANE_GAP = 15;

    final List<PlotNode> nodes = new ArrayList<>();
    final List<PlotEdge> edges = new ArrayList<>();
    private final Map<Tensor, PlotNode> owner = new HashMap<>();
    private final Map<Tensor, PlotNode> entries = new LinkedHashMap<>();
    private final Map<Tensor, PlotNode> exits = new LinkedHashMap<>();
    double width;
    double height;

    /** Arrow from one node to another, labeled with the shape of the tensor. */
    static final class PlotEdge {
        final PlotNode from;
        final PlotNode to;
        final Tensor source;
        final String shape;
        /** X coordinate of a vertical segment to the right of the nodes between its ends; 0 if not needed. */
        double lane;

        PlotEdge(PlotNode from, PlotNode to, Tensor source, String shape) {
            this.from = from;
            this.to = to;
            this.source = source;
            this.shape = shape;
        }
    }

    /**
     * Computes the layout.
     *
     * @param path path of the block that contains the modules; empty for the network
     * @param modules in graph order
     * @param outputs tensors that are used outside; their arrows leave at the bottom
     */
    PlotLayout(String path, List<PlotModule> modules, Set<Tensor> outputs) {
        for (PlotModule module : modules) {
            if (module.allTensors().allMatch(t -> BoxText.isPassThrough(t))) continue;
            PlotNode node = new PlotNode(module, path);
            nodes.add(node);
            module.allTensors().forEach(t -> owner.put(t, node));
        }
        for (PlotNode node : List.copyOf(nodes)) connect(node);
        Set<Tensor> exitTensors = new LinkedHashSet<>();
        for (Tensor t : outputs) exitTensors.add(PlotNode.producer(t));
        for (Tensor t : exitTensors) {
            PlotNode from = owner.get(t);
            if (from == null) continue;
            PlotNode port = exits.computeIfAbsent(from.inFirstCopy(t), PlotNode::new);
            edge(from, port, t, path.isEmpty() ? t.shape().toString() : "");
        }
        for (PlotNode node : nodes) node.measure(usedOutside(node));
        nodes.addAll(0, entries.values());
        nodes.addAll(exits.values());
        assignRanks();
        assignPositions();
    }

    private void connect(PlotNode node) {
        node.module.allTensors().forEach(t -> {
            // Learned tokens depend only on the width of their input, not on its values.
            if (BoxText.isPassThrough(t) || t.op() instanceof ParameterOp.LearnedTokens) return;
            for (Tensor input : t.inputs()) {
                Tensor source = PlotNode.producer(input);
                PlotNode from = owner.get(source);
                if (from == node) continue;
                if (from == null) from = entries.computeIfAbsent(source, PlotNode::new);
                edge(from, node, source, input.shape().toString());
            }
        });
    }

    private void edge(PlotNode from, PlotNode to, Tensor source, String shape) {
        Tensor first = from.inFirstCopy(source);
        boolean exists =
                edges.stream().anyMatch(e -> e.from == from && e.to == to && from.inFirstCopy(e.source) == first);
        if (!exists) edges.add(new PlotEdge(from, to, source, shape));
    }

    private Set<Tensor> usedOutside(PlotNode node) {
        Set<Tensor> used = new LinkedHashSet<>();
        for (PlotEdge edge : edges) if (edge.from == node) used.add(node.inFirstCopy(edge.source));
        return used;
    }

    private void assignRanks() {
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
        // A node without inputs, such as a learned token, is placed directly above its first consumer.
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

    private void assignPositions() {
        Map<Integer, List<PlotNode>> rows = new java.util.TreeMap<>();
        for (PlotNode node : nodes)
            rows.computeIfAbsent(node.rank, any -> new ArrayList<>()).add(node);
        double y = entries.isEmpty() ? MARGIN : 0;
        double widest = 0;
        for (List<PlotNode> row : rows.values()) {
            double tallest = row.stream().mapToDouble(n -> n.height).max().orElse(0);
            widest = Math.max(widest, row.stream().mapToDouble(n -> n.width).sum() + COLUMN_GAP * (row.size() - 1));
            for (PlotNode node : row) {
                node.y = y + (tallest - node.height) / 2;
                node.top = y;
                node.bottom = y + tallest;
            }
            y += tallest + ROW_GAP;
        }
        height = y - (exits.isEmpty() ? ROW_GAP - MARGIN : ROW_GAP);
        for (List<PlotNode> row : rows.values()) arrange(row, widest);
        double left = nodes.stream().mapToDouble(n -> n.x).min().orElse(0);
        nodes.forEach(n -> n.x += MARGIN - left);
        double right = nodes.stream().mapToDouble(n -> n.x + n.width).max().orElse(0);
        width = Math.max(right, assignLanes(right)) + MARGIN;
        reserveLabels();
    }

    /** Centers each node below its inputs and resolves overlaps within the row. */
    private void arrange(List<PlotNode> row, double widest) {
        for (PlotNode node : row) {
            node.x = 0;
            node.x = preferredX(node, widest / 2) - entryOffset(node);
        }
        row.sort(Comparator.comparingDouble(n -> n.x + n.width / 2));
        for (int i = 0; i < row.size(); i++) row.get(i).order = i;
        double preferred = center(row);
        for (int i = 1; i < row.size(); i++) {
            PlotNode previous = row.get(i - 1);
            double gap = previous.isPort() ? PORT_GAP : COLUMN_GAP;
            row.get(i).x = Math.max(row.get(i).x, previous.x + previous.width + gap);
        }
        double shift = center(row) - preferred;
        row.forEach(n -> n.x -= shift);
    }

    private static double center(List<PlotNode> row) {
        return row.stream().mapToDouble(n -> n.x + n.width / 2).average().orElse(0);
    }

    /** Returns the mean x offset of incoming arrows within a node. */
    private double entryOffset(PlotNode node) {
        return edges.stream()
                .filter(e -> e.to == node)
                .mapToDouble(e -> node.inX(e.source) - node.x)
                .average()
                .orElse(node.width / 2);
    }

    private double preferredX(PlotNode node, double defaultX) {
        return edges.stream()
                .filter(e -> e.to == node && e.from.rank < node.rank)
                .mapToDouble(e -> e.from.outX(e.source))
                .average()
                .orElse(defaultX);
    }

    /** Assigns lanes on the right to edges that would cross a node; returns the largest x coordinate in use. */
    private double assignLanes(double right) {
        double max = right;
        List<PlotEdge> crossing = new ArrayList<>();
        for (PlotEdge edge : edges) if (crossesNode(edge)) crossing.add(edge);
        crossing.sort(Comparator.comparingInt(e -> e.to.rank - e.from.rank));
        List<PlotEdge> done = new ArrayList<>();
        for (PlotEdge edge : crossing) {
            double lane = nodes.stream()
                            .filter(n -> n.rank > edge.from.rank && n.rank < edge.to.rank)
                            .mapToDouble(n -> n.x + n.width)
                            .max()
                            .orElse(0)
                    + LANE_GAP;
            lane = Math.max(lane, Math.max(edge.from.outX(edge.source), edge.to.inX(edge.source)) + LANE_GAP);
            for (PlotEdge other : done) {
                boolean overlapping = other.from.rank < edge.to.rank && edge.from.rank < other.to.rank;
                boolean same = other.from == edge.from && other.source == edge.source;
                if (overlapping && !same && Math.abs(other.lane - lane) < LANE_GAP) lane = other.lane + LANE_GAP;
            }
            edge.lane = lane;
            done.add(edge);
            max = Math.max(max, lane);
        }
        return max;
    }

    private boolean crossesNode(PlotEdge edge) {
        double low = Math.min(edge.from.outX(edge.source), edge.to.inX(edge.source)) - 4;
        double high = Math.max(edge.from.outX(edge.source), edge.to.inX(edge.source)) + 4;
        return nodes.stream()
                .filter(n -> n.rank > edge.from.rank && n.rank < edge.to.rank)
                .anyMatch(n -> n.x < high && n.x + n.width > low);
    }

    /** Widens the layout for the shape labels to the right of arrows. */
    private void reserveLabels() {
        for (PlotNode node : nodes) {
            arrowLabels(node)
                    .forEach((x, shapes) -> width = Math.max(width, x + 10 + PlotNode.textWidth(shapes, false)));
        }
    }

    /** Returns the shape labels of incoming arrows by x coordinate. */
    Map<Double, String> arrowLabels(PlotNode node) {
        Map<Double, String> labels = new LinkedHashMap<>();
        for (PlotEdge edge : edges) {
            if (edge.to != node || edge.shape.isEmpty()) continue;
            labels.merge(edge.to.inX(edge.source), edge.shape, (a, b) -> a.contains(b) ? a : a + " " + b);
        }
        return labels;
    }

    /** Returns the x coordinate where an arrow from outside enters. */
    double entryX(Tensor source) {
        PlotNode port = entries.get(source);
        return port == null ? width / 2 : port.x;
    }

    /** Returns the x coordinate where an arrow to the outside leaves. */
    double exitX(Tensor source) {
        PlotNode port = exits.get(source);
        return port == null ? width / 2 : port.x;
    }
}
