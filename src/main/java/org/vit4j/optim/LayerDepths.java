package org.vit4j.optim;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.ModulePath;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.analysis.ModelAnatomy;
import org.vit4j.graph.analysis.ModuleTree;

/**
 * Layer index of each parameter, counted as in timm's {@code param_groups_layer_decay}: 0 for the stem, 1, 2, ... for
 * the blocks, and the last index for the head. A parameter between two blocks belongs to the following block; a
 * parameter after the last block belongs to that block, or to the head if it follows the mean over the tokens.
 *
 * <p>Blocks are derived from the graph: a block is a numbered module ({@code blocks.3}) with a residual addition. Where
 * numbered modules are nested ({@code stages.1.blocks.0}) and run in sequence, the inner modules are the blocks. Where
 * they are parallel branches, the outer module is the block.
 */
public final class LayerDepths {
    private final Graph graph;
    private final Map<ModulePath, List<Tensor>> outer = new LinkedHashMap<>();
    private final Map<ModulePath, Boolean> hasInnerBlocks = new HashMap<>();

    private LayerDepths(Graph graph) {
        this.graph = graph;
        for (Tensor t : graph.tensors()) {
            t.module()
                    .numberedBelow(0)
                    .ifPresent(name -> outer.computeIfAbsent(name, key -> new ArrayList<>())
                            .add(t));
        }
        outer.forEach((name, tensors) -> hasInnerBlocks.put(name, areSequential(inner(name, tensors))));
    }

    /** Layer index by parameter name. */
    public static Map<String, Integer> of(Graph graph) {
        return new LayerDepths(graph).depths();
    }

    /** Names of the parameters of the output layers (the head or heads). */
    public static Set<String> head(Graph graph) {
        return ModelAnatomy.heads(graph);
    }

    private Map<String, Integer> depths() {
        Set<String> head = head(graph);
        Map<String, Integer> depths = new LinkedHashMap<>();
        List<String> pending = new ArrayList<>();
        Map<ModulePath, Integer> blocks = new LinkedHashMap<>();
        for (Parameter parameter : parametersInOrder()) {
            String name = parameter.name();
            if (head.contains(name)) continue;
            Optional<ModulePath> block = block(graph.module(parameter));
            if (block.isEmpty()) {
                if (isTokenInput(parameter)) depths.put(name, 0);
                else pending.add(name);
                continue;
            }
            boolean first = blocks.isEmpty();
            int depth = blocks.computeIfAbsent(block.get(), key -> blocks.size() + 1);
            for (String earlier : pending) depths.put(earlier, first ? 0 : depth);
            pending.clear();
            depths.put(name, depth);
        }
        Set<String> afterMean = parametersAfterMean();
        for (String trailing : pending)
            depths.put(trailing, afterMean.contains(trailing) ? blocks.size() + 1 : blocks.size());
        for (String name : head) depths.put(name, blocks.size() + 1);
        return depths;
    }

    /** Parameters in the order of their first use. */
    private List<Parameter> parametersInOrder() {
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        for (Tensor t : graph.tensors()) for (Parameter w : t.parameters()) parameters.putIfAbsent(w.name(), w);
        return List.copyOf(parameters.values());
    }

    /** Parameters that are applied to a mean over tokens, such as a norm between pooling and the head. */
    private Set<String> parametersAfterMean() {
        Set<Tensor> means = new HashSet<>();
        Set<String> names = new HashSet<>();
        for (Tensor t : graph.tensors()) {
            if (t.op() instanceof ArithmeticOp.Mean
                    || (t.shape().rank() == 1 && t.inputs().stream().anyMatch(means::contains))) means.add(t);
            if (means.contains(t)) t.parameters().forEach(parameter -> names.add(parameter.name()));
        }
        return names;
    }

    /** Class tokens and position embeddings count as stem, wherever they are added. */
    private boolean isTokenInput(Parameter parameter) {
        return graph.module(parameter).isRoot()
                && (parameter.role() == Role.TOKEN || parameter.role() == Role.POSITION);
    }

    /** The block that a module lies in. */
    private Optional<ModulePath> block(ModulePath module) {
        Optional<ModulePath> container = module.numberedBelow(0).filter(outer::containsKey);
        if (container.isEmpty()) return Optional.empty();
        if (hasInnerBlocks.get(container.get()))
            return module.numberedBelow(container.get().depth());
        return container.filter(name -> ModuleTree.hasResidualSum(outer.get(name)));
    }

    /** Numbered modules with a residual sum, below a numbered module. */
    private static Map<ModulePath, List<Tensor>> inner(ModulePath container, List<Tensor> tensors) {
        Map<ModulePath, List<Tensor>> inner = new LinkedHashMap<>();
        for (Tensor t : tensors) {
            t.module()
                    .numberedBelow(container.depth())
                    .ifPresent(name -> inner.computeIfAbsent(name, key -> new ArrayList<>())
                            .add(t));
        }
        inner.values().removeIf(module -> !ModuleTree.hasResidualSum(module));
        return inner;
    }

    /** Returns true if each module depends on the previous one. */
    private static boolean areSequential(Map<ModulePath, List<Tensor>> modules) {
        List<Tensor> previous = null;
        for (List<Tensor> module : modules.values()) {
            if (previous != null && !reaches(module, Set.copyOf(previous))) return false;
            previous = module;
        }
        return previous != null;
    }

    private static boolean reaches(List<Tensor> from, Set<Tensor> targets) {
        Deque<Tensor> queue = new ArrayDeque<>(from);
        Set<Tensor> reached = new HashSet<>();
        while (!queue.isEmpty()) {
            Tensor t = queue.pop();
            if (targets.contains(t)) return true;
            if (reached.add(t)) queue.addAll(t.inputs());
        }
        return false;
    }
}
