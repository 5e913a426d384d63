package org.vit4j.graph.analysis;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.ModulePath;
import org.vit4j.graph.Tensor;

/**
 * Module of a network with the modules below it, from the scopes in which the tensors were created.
 *
 * @param name full name of the module, or of the tensor of a leaf
 * @param numbered true for stages and blocks: the name ends with a number
 * @param tensors all tensors of the module, in graph order
 * @param children modules and tensors below it, in graph order; empty for a leaf, a single tensor
 */
public record ModuleTree(String name, boolean numbered, List<Tensor> tensors, List<ModuleTree> children) {
    public ModuleTree {
        tensors = List.copyOf(tensors);
        children = List.copyOf(children);
    }

    /** Returns the outermost modules of a network; a module that is left and entered again is listed twice. */
    public static List<ModuleTree> of(List<Tensor> tensors) {
        return below(tensors, 0);
    }

    private static List<ModuleTree> below(List<Tensor> tensors, int depth) {
        List<ModuleTree> modules = new ArrayList<>();
        int from = 0;
        while (from < tensors.size()) {
            String name = name(tensors.get(from), depth);
            int to = from + 1;
            while (to < tensors.size() && name(tensors.get(to), depth).equals(name)) to++;
            modules.add(module(name, tensors.subList(from, to), depth));
            from = to;
        }
        return modules;
    }

    private static ModuleTree module(String name, List<Tensor> tensors, int depth) {
        // A tensor may have the name of the module of other tensors: the query q and its heads q.heads.
        Optional<ModulePath> below = tensors.stream()
                .map(Tensor::module)
                .filter(path -> path.depth() > depth)
                .findFirst();
        if (below.isEmpty()) return new ModuleTree(name, false, tensors, List.of());
        return new ModuleTree(name, below.get().prefix(depth + 1).isNumbered(), tensors, below(tensors, depth + 1));
    }

    /** Name of the module at this depth that a tensor belongs to, or of the tensor if it lies directly above. */
    private static String name(Tensor tensor, int depth) {
        ModulePath path = tensor.module();
        return path.depth() > depth ? path.prefix(depth + 1).toString() : tensor.name();
    }

    /** Returns true if some tensors of the module add the input of a layer to its output. */
    public boolean hasResidualSum() {
        return hasResidualSum(tensors);
    }

    /** Returns true if one of the tensors is a sum of several. */
    public static boolean hasResidualSum(List<Tensor> tensors) {
        return tensors.stream()
                .anyMatch(t -> t.op() instanceof ArithmeticOp.Add && t.inputs().size() > 1);
    }

    /** Returns true if the tensor is the output of an attention, before the projection. */
    public static boolean isAttention(Tensor t) {
        return t.op() instanceof AttentionOp.WeightedSum || t.op() instanceof AttentionOp.LinearAttention;
    }

    /** Returns true if the module contains an attention. */
    public boolean hasAttention() {
        return tensors.stream().anyMatch(ModuleTree::isAttention);
    }
}
