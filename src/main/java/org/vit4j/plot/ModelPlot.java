package org.vit4j.plot;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * Draws the graph of a network: stages and blocks are frames, consecutive identical blocks are drawn once with their
 * number, and arrows are labeled with tensor shapes without the batch axis.
 */
public final class ModelPlot {
    private static final double EDGE = 18;
    private static final double TITLE = 44;

    private final List<Drawing.DrawnShape> shapes = new ArrayList<>();

    private ModelPlot() {}

    /** Draws a network under a title. */
    public static Drawing of(String title, Graph graph) {
        Set<Tensor> outputs = new LinkedHashSet<>(graph.outputs().values());
        PlotLayout layout = new PlotLayout("", PlotModules.of(List.copyOf(graph.tensors())), outputs);
        ModelPlot plot = new ModelPlot();
        String parameters = BoxText.parameters(graph);
        plot.shapes.add(new Drawing.DrawnText(EDGE, EDGE + 12, title, Drawing.DrawingStyle.NAME, false));
        plot.shapes.add(new Drawing.DrawnText(EDGE, EDGE + 28, parameters, Drawing.DrawingStyle.DETAIL, false));
        plot.draw(layout, EDGE, TITLE + EDGE, 0);
        double width = Math.max(layout.width, PlotNode.textWidth(title, true)) + 2 * EDGE;
        return new Drawing(title, width, layout.height + TITLE + 2 * EDGE, plot.shapes);
    }

    private void draw(PlotLayout layout, double left, double top, int depth) {
        for (PlotNode node : layout.nodes) if (!node.isPort()) draw(node, left + node.x, top + node.y, depth);
        for (PlotLayout.PlotEdge edge : layout.edges) draw(edge, left, top);
        for (PlotNode node : layout.nodes) {
            layout.arrowLabels(node)
                    .forEach((x, text) -> shapes.add(new Drawing.DrawnText(
                            left + x + 5, top + node.y - 13, text, Drawing.DrawingStyle.SHAPE, false)));
        }
    }

    private void draw(PlotNode node, double x, double y, int depth) {
        if (node.inner != null) {
            Drawing.DrawingStyle style = depth == 0 ? Drawing.DrawingStyle.STAGE : Drawing.DrawingStyle.BLOCK;
            shapes.add(new Drawing.DrawnBox(x, y, node.width, node.height, style));
            shapes.add(new Drawing.DrawnText(x + 9, y + 16, node.label(), Drawing.DrawingStyle.NAME, false));
            double nameWidth = PlotNode.textWidth(node.label(), true) + 20;
            shapes.add(new Drawing.DrawnText(
                    x + 9 + nameWidth, y + 16, node.parameters(), Drawing.DrawingStyle.DETAIL, false));
            draw(node.inner, x, y + PlotNode.HEADER, depth + 1);
            return;
        }
        double middle = x + node.width / 2;
        if (node.isSum()) {
            shapes.add(new Drawing.DrawnBox(x, y, node.width, node.height, Drawing.DrawingStyle.SUM));
            shapes.add(new Drawing.DrawnText(middle, y + 15.5, "+", Drawing.DrawingStyle.NAME, true));
            return;
        }
        Drawing.DrawingStyle style = node.isAttention() ? Drawing.DrawingStyle.ATTENTION : Drawing.DrawingStyle.LAYER;
        shapes.add(new Drawing.DrawnBox(x, y, node.width, node.height, style));
        double line = y + 16;
        shapes.add(new Drawing.DrawnText(middle, line, node.name, Drawing.DrawingStyle.NAME, true));
        for (String text : node.lines) {
            line += 15;
            shapes.add(new Drawing.DrawnText(middle, line, text, Drawing.DrawingStyle.DETAIL, true));
        }
    }

    private void draw(PlotLayout.PlotEdge edge, double left, double top) {
        double fromX = left + edge.from.outX(edge.source);
        double fromY = top + edge.from.y + edge.from.height;
        double toX = left + edge.to.inX(edge.source);
        double toY = top + edge.to.y;
        List<Drawing.DrawnPoint> points = new ArrayList<>();
        points.add(new Drawing.DrawnPoint(fromX, fromY));
        if (edge.lane > 0) {
            double lane = left + edge.lane;
            double out = top + edge.from.bottom + 9;
            double in = top + edge.to.top - 9;
            points.add(new Drawing.DrawnPoint(fromX, out));
            points.add(new Drawing.DrawnPoint(lane, out));
            points.add(new Drawing.DrawnPoint(lane, in));
            points.add(new Drawing.DrawnPoint(toX, in));
        } else if (Math.abs(fromX - toX) > 0.5) {
            // Staggered by the order of the nodes, so that crossing lines do not overlap.
            double between = top + edge.from.bottom + 6 + 5 * (edge.from.order % 3);
            points.add(new Drawing.DrawnPoint(fromX, between));
            points.add(new Drawing.DrawnPoint(toX, between));
        }
        points.add(new Drawing.DrawnPoint(toX, toY));
        shapes.add(new Drawing.DrawnLine(points, !edge.to.isPort()));
    }
}
