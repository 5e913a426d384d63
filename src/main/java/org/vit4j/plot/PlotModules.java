package org.vit4j.plot;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.analysis.ModuleTree;

/**
 * Chooses the modules that are drawn. A stage or block, drawn as a frame, is a numbered module that contains a residual
 * sum or attention; other modules and tensors are boxes.
 */
final class PlotModules {
    /** Tensors that make a child count as a branch of several layers. */
    private static final int MIN_BRANCH_TENSORS = 3;

    private PlotModules() {}

    static List<PlotModule> of(List<Tensor> tensors) {
        return drawn(ModuleTree.of(tensors));
    }

    private static List<PlotModule> drawn(List<ModuleTree> modules) {
        List<PlotModule> drawn = new ArrayList<>();
        for (ModuleTree module : modules) add(drawn, drawn(module));
        return drawn;
    }

    /** Returns one module, or its children if the path is only a common prefix of blocks, such as {@code blocks}. */
    private static List<PlotModule> drawn(ModuleTree module) {
        PlotModule box = new PlotModule(module.name(), module.tensors(), List.of(), List.of());
        boolean block = module.hasAttention() || module.hasResidualSum();
        if (!block || module.tensors().size() == 1) return List.of(box);
        List<PlotModule> children = drawn(module.children());
        boolean blocks = children.stream().anyMatch(child -> !child.isBox());
        // A module with several branches of at least three tensors is drawn in detail even without a number.
        long branches = children.stream()
                .filter(child -> child.tensors().size() >= MIN_BRANCH_TENSORS)
                .count();
        if (module.numbered() || (branches > 1 && !blocks))
            return List.of(new PlotModule(module.name(), module.tensors(), children, List.of()));
        return blocks ? children : List.of(box);
    }

    private static void add(List<PlotModule> modules, List<PlotModule> added) {
        for (PlotModule module : added) {
            PlotModule previous = modules.isEmpty() ? null : modules.get(modules.size() - 1);
            boolean isCopy =
                    previous != null && !module.isBox() && signature(previous).equals(signature(module));
            if (isCopy) modules.set(modules.size() - 1, previous.withCopy(module));
            else modules.add(module);
        }
    }

    /** Returns names below the path, ops, shapes and connections; modules with equal signatures are identical. */
    private static List<String> signature(PlotModule module) {
        Map<Tensor, Integer> numbers = new LinkedHashMap<>();
        List<String> lines = new ArrayList<>();
        for (Tensor t : module.tensors()) {
            if (isDrop(t)) continue; // drop rates differ between blocks
            StringBuilder line =
                    new StringBuilder(t.name().substring(module.name().length()));
            line.append(' ').append(t.op().getClass().getSimpleName()).append(t.shape());
            for (Tensor input : t.inputs()) {
                line.append(' ')
                        .append(numbers.getOrDefault(skipDrops(input), -1))
                        .append(input.shape());
            }
            t.parameters().forEach(parameter -> line.append(' ').append(parameter.shape()));
            numbers.put(t, numbers.size());
            lines.add(line.toString());
        }
        return lines;
    }

    private static boolean isDrop(Tensor t) {
        return t.op() instanceof DropOp;
    }

    private static Tensor skipDrops(Tensor t) {
        return isDrop(t) ? skipDrops(t.input()) : t;
    }
}
