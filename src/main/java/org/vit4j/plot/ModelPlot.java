package org.vit4j.plot;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * Draws a network from its graph: stages and blocks as frames, equal blocks in a row once with their number, what flows
 * on the arrows as shapes without the batch axis.
 */
public final class ModelPlot {
    private static final double EDGE = 18;
    private static final double TITLE = 44;

    private final List<Drawing.Shape> shapes = new ArrayList<>();

    private ModelPlot() {}

    /** @param title what the network is called */
    public static Drawing of(String title, Graph graph) {
        Set<Tensor> outputs = new LinkedHashSet<>(graph.outputs().values());
        Layout layout = new Layout("", Parting.of(List.copyOf(graph.tensors())), outputs);
        ModelPlot plot = new ModelPlot();
        String weights = Describe.weights(graph);
        plot.shapes.add(new Drawing.Words(EDGE, EDGE + 12, title, Drawing.Style.NAME, false));
        plot.shapes.add(new Drawing.Words(EDGE, EDGE + 28, weights, Drawing.Style.DETAIL, false));
        plot.draw(layout, EDGE, TITLE + EDGE, 0);
        double width = Math.max(layout.width, Node.textWidth(title, true)) + 2 * EDGE;
        return new Drawing(title, width, layout.height + TITLE + 2 * EDGE, plot.shapes);
    }

    private void draw(Layout layout, double left, double top, int depth) {
        for (Node node : layout.nodes) if (!node.isPort()) draw(node, left + node.x, top + node.y, depth);
        for (Layout.Edge edge : layout.edges) draw(edge, left, top);
        for (Node node : layout.nodes) {
            layout.arrivals(node)
                    .forEach((x, text) -> shapes.add(
                            new Drawing.Words(left + x + 5, top + node.y - 13, text, Drawing.Style.SHAPE, false)));
        }
    }

    private void draw(Node node, double x, double y, int depth) {
        if (node.inner != null) {
            Drawing.Style style = depth == 0 ? Drawing.Style.STAGE : Drawing.Style.BLOCK;
            shapes.add(new Drawing.Box(x, y, node.width, node.height, style));
            shapes.add(new Drawing.Words(x + 9, y + 16, node.label(), Drawing.Style.NAME, false));
            double after = Node.textWidth(node.label(), true) + 20;
            shapes.add(new Drawing.Words(x + 9 + after, y + 16, node.weights(), Drawing.Style.DETAIL, false));
            draw(node.inner, x, y + Node.HEADER, depth + 1);
            return;
        }
        double middle = x + node.width / 2;
        if (node.isSum()) {
            shapes.add(new Drawing.Box(x, y, node.width, node.height, Drawing.Style.SUM));
            shapes.add(new Drawing.Words(middle, y + 15.5, "+", Drawing.Style.NAME, true));
            return;
        }
        Drawing.Style style = node.isAttention() ? Drawing.Style.ATTENTION : Drawing.Style.LAYER;
        shapes.add(new Drawing.Box(x, y, node.width, node.height, style));
        double line = y + 16;
        shapes.add(new Drawing.Words(middle, line, node.name, Drawing.Style.NAME, true));
        for (String text : node.lines) {
            line += 15;
            shapes.add(new Drawing.Words(middle, line, text, Drawing.Style.DETAIL, true));
        }
    }

    private void draw(Layout.Edge edge, double left, double top) {
        double fromX = left + edge.from.outX(edge.source);
        double fromY = top + edge.from.y + edge.from.height;
        double toX = left + edge.to.inX(edge.source);
        double toY = top + edge.to.y;
        List<Drawing.Point> points = new ArrayList<>();
        points.add(new Drawing.Point(fromX, fromY));
        if (edge.lane > 0) {
            double lane = left + edge.lane;
            double out = top + edge.from.bottom + 9;
            double in = top + edge.to.top - 9;
            points.add(new Drawing.Point(fromX, out));
            points.add(new Drawing.Point(lane, out));
            points.add(new Drawing.Point(lane, in));
            points.add(new Drawing.Point(toX, in));
        } else if (Math.abs(fromX - toX) > 0.5) {
            // Lines that cross do not run into one.
            double between = top + edge.from.bottom + 6 + 5 * (edge.from.order % 3);
            points.add(new Drawing.Point(fromX, between));
            points.add(new Drawing.Point(toX, between));
        }
        points.add(new Drawing.Point(toX, toY));
        shapes.add(new Drawing.Line(points, !edge.to.isPort()));
    }
}
