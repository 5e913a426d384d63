package org.vit4j.plot;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.Tensor;

/** A part in a layout, or the place where an arrow crosses the edge of a block. */
final class PlotNode {
    private static final double LINE = 15;
    private static final double PADDING = 9;
    /** Of a block's name, above what is inside it. */
    static final double HEADER = 24;

    /** Null for a port. */
    final Module part;

    final List<String> lines = new ArrayList<>();
    PlotLayout inner;
    int rank;
    /** Among those of its rank, from the left. */
    int order;
    /** Where the highest of its rank begins, and where it ends: beyond, lines may run aside. */
    double top;

    double bottom;

    double x;
    double y;
    double width;
    double height;

    /** What is written on it. */
    final String name;

    /** @param path of the block it is drawn in, which its name need not repeat */
    PlotNode(Module part, String path) {
        this.part = part;
        this.name = path.isEmpty() ? part.name() : part.name().substring(path.length() + 1);
        this.rank = 1;
    }

    /** A port for a tensor. */
    PlotNode(Tensor port) {
        this.part = null;
        this.name = port.name();
    }

    boolean isPort() {
        return part == null;
    }

    boolean isSum() {
        return part != null
                && part.isBox()
                && part.tensors().size() == 1
                && part.tensors().get(0).op() instanceof Op.Add;
    }

    boolean isAttention() {
        return part != null
                && part.isBox()
                && part.tensors().stream()
                        .anyMatch(t -> t.op() instanceof Op.WeightedSum || t.op() instanceof HeadOp.LinearAttention);
    }

    /** The tensor itself, or what it is another view of. */
    static Tensor seen(Tensor t) {
        return BoxText.isPassing(t.op()) ? seen(t.input()) : t;
    }

    /** The tensor of the first copy that stands where this one stands in its own. */
    Tensor first(Tensor t) {
        if (part == null || part.copies().isEmpty()) return t;
        for (Module copy : part.copies()) {
            if (!t.name().startsWith(copy.name() + ".")) continue;
            String wanted = part.name() + t.name().substring(copy.name().length());
            return part.tensors().stream()
                    .filter(other -> other.name().equals(wanted))
                    .findFirst()
                    .orElse(t);
        }
        return t;
    }

    /** @param read tensors of this part that others read */
    void layOut(Set<Tensor> read) {
        if (!part.isBox()) {
            inner = new PlotLayout(part.name(), part.parts(), read);
            width = Math.max(inner.width, textWidth(label() + "      " + weights(), true) + 2 * PADDING);
            height = inner.height + HEADER;
            // The arrows go through the middle, so what is inside stands there.
            double aside = (width - inner.width) / 2;
            inner.nodes.forEach(n -> n.x += aside);
            inner.edges.forEach(e -> e.lane += e.lane == 0 ? 0 : aside);
            return;
        }
        if (isSum()) {
            width = 22;
            height = 22;
            return;
        }
        lines.addAll(BoxText.group(part.tensors()));
        double widest = textWidth(name, true);
        for (String line : lines) widest = Math.max(widest, textWidth(line, false));
        width = Math.max(64, widest + 2 * PADDING);
        height = (lines.size() + 1) * LINE + 9;
    }

    /** The name of a block and, of several, the last one's and how many they are. */
    String label() {
        List<Module> copies = part.copies();
        if (copies.isEmpty()) return name;
        String last = copies.get(copies.size() - 1).name();
        return name + " … " + last.substring(last.lastIndexOf('.') + 1) + "   × " + (copies.size() + 1);
    }

    String weights() {
        return BoxText.weights(part.all().toList());
    }

    double inX(Tensor source) {
        return x + (isPort() ? 0 : inner != null ? inner.entryX(source) : width / 2);
    }

    double outX(Tensor source) {
        return x + (isPort() ? 0 : inner != null ? inner.exitX(first(source)) : width / 2);
    }

    /** About what a sans serif of 12 units needs. */
    static double textWidth(String text, boolean bold) {
        return text.length() * (bold ? 7.0 : 6.3);
    }
}
