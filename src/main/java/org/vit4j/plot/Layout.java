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
final class Layout {
    static final double GAP = 36;
    private static final double BESIDE = 26;
    /** Between arrows into a block, so that there is room for their shapes. */
    private static final double PORTS = 80;

    private static final double SIDE = 16;
    private static final double LANE = 15;

    final List<Node> nodes = new ArrayList<>();
    final List<Edge> edges = new ArrayList<>();
    private final Map<Tensor, Node> owner = new HashMap<>();
    private final Map<Tensor, Node> entries = new LinkedHashMap<>();
    private final Map<Tensor, Node> exits = new LinkedHashMap<>();
    double width;
    double height;

    /** From one node to another: what flows, and the shape it arrives in. */
    static final class Edge {
        final Node from;
        final Node to;
        final Tensor source;
        final String shape;
        /** Right of everything it passes; 0 for none. */
        double lane;

        Edge(Node from, Node to, Tensor source, String shape) {
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
    Layout(String path, List<Part> parts, Set<Tensor> read) {
        for (Part part : parts) {
            if (part.all().allMatch(t -> Describe.isPassing(t.op()))) continue;
            Node node = new Node(part, path);
            nodes.add(node);
            part.all().forEach(t -> owner.put(t, node));
        }
        for (Node node : List.copyOf(nodes)) connect(node);
        Set<Tensor> out = new LinkedHashSet<>();
        for (Tensor t : read) out.add(Node.seen(t));
        for (Tensor t : out) {
            Node from = owner.get(t);
            if (from == null) continue;
            Node port = exits.computeIfAbsent(from.first(t), Node::new);
            edge(from, port, t, path.isEmpty() ? t.shape().toString() : "");
        }
        for (Node node : nodes) node.layOut(readOutside(node));
        nodes.addAll(0, entries.values());
        nodes.addAll(exits.values());
        rank();
        place();
    }

    private void connect(Node node) {
        node.part.all().forEach(t -> {
            // A learned token only asks its input how wide to be.
            if (Describe.isPassing(t.op()) || t.op() instanceof Op.Tokens) return;
            for (Tensor input : t.inputs()) {
                Tensor source = Node.seen(input);
                Node from = owner.get(source);
                if (from == node) continue;
                if (from == null) from = entries.computeIfAbsent(source, Node::new);
                edge(from, node, source, input.shape().toString());
            }
        });
    }

    private void edge(Node from, Node to, Tensor source, String shape) {
        Tensor first = from.first(source);
        boolean known = edges.stream().anyMatch(e -> e.from == from && e.to == to && from.first(e.source) == first);
        if (!known) edges.add(new Edge(from, to, source, shape));
    }

    private Set<Tensor> readOutside(Node node) {
        Set<Tensor> read = new LinkedHashSet<>();
        for (Edge edge : edges) if (edge.from == node) read.add(node.first(edge.source));
        return read;
    }

    private void rank() {
        for (int pass = 0, changes = 1; changes > 0 && pass <= nodes.size(); pass++) {
            changes = 0;
            for (Edge edge : edges) {
                int below = edge.from.rank + 1;
                if (edge.to.rank < below) {
                    edge.to.rank = below;
                    changes++;
                }
            }
        }
        // What nothing comes into, such as a learned token, stands just above what reads it.
        for (Node node : nodes) {
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
        Map<Integer, List<Node>> rows = new java.util.TreeMap<>();
        for (Node node : nodes)
            rows.computeIfAbsent(node.rank, any -> new ArrayList<>()).add(node);
        double y = entries.isEmpty() ? SIDE : 0;
        double widest = 0;
        for (List<Node> row : rows.values()) {
            double tallest = row.stream().mapToDouble(n -> n.height).max().orElse(0);
            widest = Math.max(widest, row.stream().mapToDouble(n -> n.width).sum() + BESIDE * (row.size() - 1));
            for (Node node : row) {
                node.y = y + (tallest - node.height) / 2;
                node.top = y;
                node.bottom = y + tallest;
            }
            y += tallest + GAP;
        }
        height = y - (exits.isEmpty() ? GAP - SIDE : GAP);
        for (List<Node> row : rows.values()) spread(row, widest);
        double left = nodes.stream().mapToDouble(n -> n.x).min().orElse(0);
        nodes.forEach(n -> n.x += SIDE - left);
        double right = nodes.stream().mapToDouble(n -> n.x + n.width).max().orElse(0);
        width = Math.max(right, lanes(right)) + SIDE;
        labels();
    }

    /** Each node below the middle of what it is made from, moved aside where two would overlap. */
    private void spread(List<Node> row, double widest) {
        for (Node node : row) {
            node.x = 0;
            node.x = wish(node, widest / 2) - arrival(node);
        }
        row.sort(Comparator.comparingDouble(n -> n.x + n.width / 2));
        for (int i = 0; i < row.size(); i++) row.get(i).order = i;
        double wished = middle(row);
        for (int i = 1; i < row.size(); i++) {
            Node before = row.get(i - 1);
            double apart = before.isPort() ? PORTS : BESIDE;
            row.get(i).x = Math.max(row.get(i).x, before.x + before.width + apart);
        }
        double moved = middle(row) - wished;
        row.forEach(n -> n.x -= moved);
    }

    private static double middle(List<Node> row) {
        return row.stream().mapToDouble(n -> n.x + n.width / 2).average().orElse(0);
    }

    /** How far right in a node the arrows arrive, on average. */
    private double arrival(Node node) {
        return edges.stream()
                .filter(e -> e.to == node)
                .mapToDouble(e -> node.inX(e.source) - node.x)
                .average()
                .orElse(node.width / 2);
    }

    private double wish(Node node, double standard) {
        return edges.stream()
                .filter(e -> e.to == node && e.from.rank < node.rank)
                .mapToDouble(e -> e.from.outX(e.source))
                .average()
                .orElse(standard);
    }

    /** Edges that would run through a node take a lane on the right; the farthest right there is. */
    private double lanes(double right) {
        double farthest = right;
        List<Edge> passing = new ArrayList<>();
        for (Edge edge : edges) if (runsThrough(edge)) passing.add(edge);
        passing.sort(Comparator.comparingInt(e -> e.to.rank - e.from.rank));
        List<Edge> done = new ArrayList<>();
        for (Edge edge : passing) {
            double lane = nodes.stream()
                            .filter(n -> n.rank > edge.from.rank && n.rank < edge.to.rank)
                            .mapToDouble(n -> n.x + n.width)
                            .max()
                            .orElse(0)
                    + LANE;
            lane = Math.max(lane, Math.max(edge.from.outX(edge.source), edge.to.inX(edge.source)) + LANE);
            for (Edge other : done) {
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

    private boolean runsThrough(Edge edge) {
        double low = Math.min(edge.from.outX(edge.source), edge.to.inX(edge.source)) - 4;
        double high = Math.max(edge.from.outX(edge.source), edge.to.inX(edge.source)) + 4;
        return nodes.stream()
                .filter(n -> n.rank > edge.from.rank && n.rank < edge.to.rank)
                .anyMatch(n -> n.x < high && n.x + n.width > low);
    }

    /** Room for the shapes that stand right of arrows. */
    private void labels() {
        for (Node node : nodes) {
            arrivals(node).forEach((x, shapes) -> width = Math.max(width, x + 10 + Node.textWidth(shapes, false)));
        }
    }

    /** The shapes that arrive at each place of a node's upper edge. */
    Map<Double, String> arrivals(Node node) {
        Map<Double, String> arrivals = new LinkedHashMap<>();
        for (Edge edge : edges) {
            if (edge.to != node || edge.shape.isEmpty()) continue;
            arrivals.merge(edge.to.inX(edge.source), edge.shape, (a, b) -> a.contains(b) ? a : a + " " + b);
        }
        return arrivals;
    }

    /** Where an arrow from outside arrives. */
    double entryX(Tensor source) {
        Node port = entries.get(source);
        return port == null ? width / 2 : port.x;
    }

    double exitX(Tensor source) {
        Node port = exits.get(source);
        return port == null ? width / 2 : port.x;
    }
}
