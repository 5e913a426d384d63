package org.vit4j.keras;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.vit4j.graph.Shape;

/** Creates the operations of a Functional model and gives them unique names. */
final class KerasNetwork {
    /** Names that Keras generates on loading for operations that are not layers. */
    private static final Pattern GENERATED = Pattern.compile("(einsum|take|divide|mean|std)(_\\d+)?");

    private static final String INPUT = "";

    private final Set<String> names = new HashSet<>();
    private final Map<String, KerasNode> shared = new HashMap<>();

    /** Creates a layer with one input and no variables. */
    KerasNode layer(String path, String className, Map<String, Object> config, Shape shape, KerasNode input) {
        return layer(path, className, config, shape, List.of(), input);
    }

    KerasNode layer(
            String path,
            String className,
            Map<String, Object> config,
            Shape shape,
            List<KerasVariable> variables,
            KerasNode input) {
        String name = unique(path);
        return new KerasNode(
                name,
                KerasNode.KerasNodeKind.LAYER,
                className,
                layerConfig(name, config),
                shape,
                variables,
                List.of(input),
                List.of(),
                false);
    }

    /** Creates a layer that takes several inputs as one list. */
    KerasNode merge(String path, String className, Map<String, Object> config, Shape shape, List<KerasNode> inputs) {
        String name = unique(path);
        Map<String, Object> fullConfig = layerConfig(name, config);
        return new KerasNode(
                name, KerasNode.KerasNodeKind.LAYER, className, fullConfig, shape, List.of(), inputs, List.of(), true);
    }

    KerasNode input(String path, Shape shape) {
        String name = unique(path);
        Map<String, Object> config = config("batch_shape", BatchShape.of(shape), "dtype", "float32", "name", name);
        KerasNode node = new KerasNode(
                name,
                KerasNode.KerasNodeKind.LAYER,
                "InputLayer",
                config,
                shape,
                List.of(),
                List.of(),
                List.of(),
                false);
        shared.putIfAbsent(INPUT, node);
        return node;
    }

    /** The first input node. */
    KerasNode input() {
        return shared.get(INPUT);
    }

    /** Creates a product of two activations. */
    KerasNode einsum(String path, String subscripts, Shape shape, KerasNode first, KerasNode second) {
        return op(path, "Einsum", config("subscripts", subscripts), shape, List.of(first, second));
    }

    /** Creates an operation that has no layer. Up to Keras 3.10, its config must not contain {@code name}. */
    KerasNode op(
            String path,
            String className,
            Map<String, Object> config,
            Shape shape,
            List<KerasNode> inputs,
            Object... constants) {
        return new KerasNode(
                unique(path),
                KerasNode.KerasNodeKind.NUMPY_OP,
                className,
                config,
                shape,
                List.of(),
                inputs,
                List.of(constants),
                false);
    }

    /** Returns the node cached for a path, or creates it. */
    KerasNode shared(String path, Supplier<KerasNode> make) {
        KerasNode cached = shared.get(path);
        if (cached != null) return cached;
        KerasNode node = make.get();
        shared.put(path, node);
        return node;
    }

    /** @param pairs key, value, key, value, ... */
    static Map<String, Object> config(Object... pairs) {
        Map<String, Object> config = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) config.put((String) pairs[i], pairs[i + 1]);
        return config;
    }

    /** Adds name and dtype. A fixed dtype keeps the result independent of the user's global dtype policy. */
    private static Map<String, Object> layerConfig(String name, Map<String, Object> own) {
        Map<String, Object> config = config("name", name, "dtype", "float32");
        config.putAll(own);
        return config;
    }

    /** The path with {@code _} for {@code .}, and a number appended if that name is taken. */
    private String unique(String path) {
        String name = path.replace('.', '_');
        if (GENERATED.matcher(name).matches()) name += "_layer";
        String free = name;
        for (int i = 2; !names.add(free); i++) free = name + "_" + i;
        return free;
    }
}
