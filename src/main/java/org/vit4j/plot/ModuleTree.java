package org.vit4j.plot;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.Tensor;

/**
 * Cuts a network into parts by the names of its tensors, which are paths. A stage or block is a numbered path below which
 * branches are summed or tokens attend; what lies between those is a box.
 */
final class ModuleTree {
    private static final Pattern NUMBERED = Pattern.compile(".*\\d");

    private static final int BRANCH = 3;

    private ModuleTree() {}

    static List<Module> of(List<Tensor> tensors) {
        return parts(tensors, "");
    }

    /** The parts of some tensors below a path, in the order of the graph; a path that comes again later makes a new part. */
    private static List<Module> parts(List<Tensor> tensors, String path) {
        List<Module> parts = new ArrayList<>();
        int from = 0;
        while (from < tensors.size()) {
            String name = below(tensors.get(from), path);
            int to = from + 1;
            while (to < tensors.size() && below(tensors.get(to), path).equals(name)) to++;
            add(parts, part(name, tensors.subList(from, to)));
            from = to;
        }
        return parts;
    }

    /** The path one step further down. */
    private static String below(Tensor tensor, String path) {
        int dot = tensor.name().indexOf('.', path.isEmpty() ? 0 : path.length() + 1);
        return dot < 0 ? tensor.name() : tensor.name().substring(0, dot);
    }

    /** A part, or the blocks of which a path such as {@code blocks} is only the beginning of the name. */
    private static List<Module> part(String name, List<Tensor> tensors) {
        boolean numbered =
                NUMBERED.matcher(name.substring(name.lastIndexOf('.') + 1)).matches();
        if (!isBlock(tensors) || tensors.size() == 1) return List.of(new Module(name, tensors, List.of(), List.of()));
        List<Module> inner = parts(tensors, name);
        boolean blocks = inner.stream().anyMatch(part -> !part.isBox());
        // One with branches of several layers each is worth a look inside, number or not.
        long branches =
                inner.stream().filter(part -> part.tensors().size() >= BRANCH).count();
        if (numbered || (branches > 1 && !blocks)) return List.of(new Module(name, tensors, inner, List.of()));
        return blocks ? inner : List.of(new Module(name, tensors, List.of(), List.of()));
    }

    private static boolean isBlock(List<Tensor> tensors) {
        return tensors.stream()
                .anyMatch(t -> t.op() instanceof Op.WeightedSum
                        || t.op() instanceof HeadOp.LinearAttention
                        || (t.op() instanceof Op.Add && t.inputs().size() > 1));
    }

    private static void add(List<Module> parts, List<Module> more) {
        for (Module part : more) {
            Module before = parts.isEmpty() ? null : parts.get(parts.size() - 1);
            boolean again = before != null && !part.isBox() && signature(before).equals(signature(part));
            if (again) parts.set(parts.size() - 1, before.followedBy(part));
            else parts.add(part);
        }
    }

    /** What two parts must have in common to be the same: names below the path, operations, shapes, connections. */
    private static List<String> signature(Module part) {
        Map<Tensor, Integer> numbers = new LinkedHashMap<>();
        List<String> lines = new ArrayList<>();
        for (Tensor t : part.tensors()) {
            if (drops(t)) continue; // at rates that grow with depth
            StringBuilder line =
                    new StringBuilder(t.name().substring(part.name().length()));
            line.append(' ').append(t.op().getClass().getSimpleName()).append(t.shape());
            for (Tensor input : t.inputs()) {
                line.append(' ')
                        .append(numbers.getOrDefault(undropped(input), -1))
                        .append(input.shape());
            }
            t.parameters().forEach(weight -> line.append(' ').append(weight.shape()));
            numbers.put(t, numbers.size());
            lines.add(line.toString());
        }
        return lines;
    }

    private static boolean drops(Tensor t) {
        return t.op() instanceof Op.Dropout || t.op() instanceof Op.DropPath || t.op() instanceof Op.DropLayer;
    }

    private static Tensor undropped(Tensor t) {
        return drops(t) ? undropped(t.input()) : t;
    }
}
