package org.vit4j.plot;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.analysis.ModuleTree;

/** Module in a layout, or a port: the point where an arrow crosses the frame of a block. */
final class PlotNode {
    private static final double LINE = 15;
    private static final double PADDING = 9;
    /** Height of a block's title. */
    static final double HEADER = 24;

    /** The module, or null for a port. */
    final PlotModule module;

    final List<String> lines = new ArrayList<>();
    PlotLayout inner;
    int rank;
    /** Index within its rank, from the left. */
    int order;
    /** Upper and lower edge of its rank; lines run sideways only outside of them. */
    double top;

    double bottom;

    double x;
    double y;
    double width;
    double height;

    /** Displayed name. */
    final String name;

    /** Creates a node; the path of the enclosing block is omitted from its name. */
    PlotNode(PlotModule part, String path) {
        this.module = part;
        this.name = path.isEmpty() ? part.name() : part.name().substring(path.length() + 1);
        this.rank = 1;
    }

    /** Creates a port for a tensor. */
    PlotNode(Tensor port) {
        this.module = null;
        this.name = port.name();
    }

    boolean isPort() {
        return module == null;
    }

    boolean isSum() {
        return module != null
                && module.isBox()
                && module.tensors().size() == 1
                && module.tensors().get(0).op() instanceof ArithmeticOp.Add;
    }

    boolean isAttention() {
        return module != null && module.isBox() && module.tensors().stream().anyMatch(ModuleTree::isAttention);
    }

    /** Returns the tensor, or its input if the op is drawn without a box. */
    static Tensor producer(Tensor t) {
        return BoxText.isPassThrough(t) ? producer(t.input()) : t;
    }

    /** Maps a tensor of a copy to the corresponding tensor of the first, drawn module. */
    Tensor inFirstCopy(Tensor t) {
        if (module == null || module.copies().isEmpty()) return t;
        for (PlotModule copy : module.copies()) {
            if (!t.name().startsWith(copy.name() + ".")) continue;
            String counterpart = module.name() + t.name().substring(copy.name().length());
            return module.tensors().stream()
                    .filter(other -> other.name().equals(counterpart))
                    .findFirst()
                    .orElse(t);
        }
        return t;
    }

    /**
     * Computes texts and size.
     *
     * @param outputs tensors of this module that other modules use
     */
    void measure(Set<Tensor> outputs) {
        if (!module.isBox()) {
            inner = new PlotLayout(module.name(), module.children(), outputs);
            width = Math.max(inner.width, textWidth(label() + "      " + parameters(), true) + 2 * PADDING);
            height = inner.height + HEADER;
            // The content is centered, since arrows enter and leave in the middle.
            double shift = (width - inner.width) / 2;
            inner.nodes.forEach(n -> n.x += shift);
            inner.edges.forEach(e -> e.lane += e.lane == 0 ? 0 : shift);
            return;
        }
        if (isSum()) {
            width = 22;
            height = 22;
            return;
        }
        lines.addAll(BoxText.group(module.tensors()));
        double widest = textWidth(name, true);
        for (String line : lines) widest = Math.max(widest, textWidth(line, false));
        width = Math.max(64, widest + 2 * PADDING);
        height = (lines.size() + 1) * LINE + 9;
    }

    /** Returns the name and, if there are copies, the last copy's name and the number of modules. */
    String label() {
        List<PlotModule> copies = module.copies();
        if (copies.isEmpty()) return name;
        String last = copies.get(copies.size() - 1).name();
        return name + " … " + last.substring(last.lastIndexOf('.') + 1) + "   × " + (copies.size() + 1);
    }

    String parameters() {
        return BoxText.parameters(module.allTensors().toList());
    }

    double inX(Tensor source) {
        return x + (isPort() ? 0 : inner != null ? inner.entryX(source) : width / 2);
    }

    double outX(Tensor source) {
        return x + (isPort() ? 0 : inner != null ? inner.exitX(inFirstCopy(source)) : width / 2);
    }

    /** Estimates the width of a text in a 12 px sans-serif font. */
    static double textWidth(String text, boolean bold) {
        return text.length() * (bold ? 7.0 : 6.3);
    }
}
