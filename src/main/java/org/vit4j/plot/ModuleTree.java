package org.vit4j.plot;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.Tensor;

/**
 * Groups the tensors of a network into modules by their names, which are dotted paths. A stage or block is a numbered
 * path that contains a residual sum or attention; other tensors are grouped into boxes.
 */
final class ModuleTree {
    private static final Pattern NUMBERED = Pattern.compile(".*\\d");

    /** Tensors that make a child count as a branch of several layers. */
    private static final int MIN_BRANCH_TENSORS = 3;

    private ModuleTree() {}

    static List<PlotModule> of(List<Tensor> tensors) {
        return modules(tensors, "");
    }

    /** Groups tensors below a path, in graph order; a path that reappears later starts a new module. */
    private static List<PlotModule> modules(List<Tensor> tensors, String path) {
        List<PlotModule> modules = new ArrayList<>();
        int from = 0;
        while (from < tensors.size()) {
            String name = childPath(tensors.get(from), path);
            int to = from + 1;
            while (to < tensors.size() && childPath(tensors.get(to), path).equals(name)) to++;
            add(modules, group(name, tensors.subList(from, to)));
            from = to;
        }
        return modules;
    }

    /** Returns the part of the tensor name that is one path element longer than {@code path}. */
    private static String childPath(Tensor tensor, String path) {
        int dot = tensor.name().indexOf('.', path.isEmpty() ? 0 : path.length() + 1);
        return dot < 0 ? tensor.name() : tensor.name().substring(0, dot);
    }

    /** Returns one module, or its children if the path is only a common prefix of blocks, such as {@code blocks}. */
    private static List<PlotModule> group(String name, List<Tensor> tensors) {
        boolean numbered =
                NUMBERED.matcher(name.substring(name.lastIndexOf('.') + 1)).matches();
        if (!isBlock(tensors) || tensors.size() == 1)
            return List.of(new PlotModule(name, tensors, List.of(), List.of()));
        List<PlotModule> children = modules(tensors, name);
        boolean blocks = children.stream().anyMatch(child -> !child.isBox());
        // A module with several branches of at least three tensors is drawn in detail even without a number.
        long branches = children.stream()
                .filter(child -> child.tensors().size() >= MIN_BRANCH_TENSORS)
                .count();
        if (numbered || (branches > 1 && !blocks)) return List.of(new PlotModule(name, tensors, children, List.of()));
        return blocks ? children : List.of(new PlotModule(name, tensors, List.of(), List.of()));
    }

    private static boolean isBlock(List<Tensor> tensors) {
        return tensors.stream()
                .anyMatch(t -> t.op() instanceof AttentionOp.WeightedSum
                        || t.op() instanceof AttentionOp.LinearAttention
                        || (t.op() instanceof ArithmeticOp.Add && t.inputs().size() > 1));
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
        return t.op() instanceof DropOp.Dropout
                || t.op() instanceof DropOp.DropPath
                || t.op() instanceof DropOp.DropLayer;
    }

    private static Tensor skipDrops(Tensor t) {
        return isDrop(t) ? skipDrops(t.input()) : t;
    }
}
