package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/** Constructor arguments of a reference module; {@link #finish} fails if one of them was not read. */
final class ModuleArguments {
    private final GoldenCase golden;
    private final Map<String, JsonNode> all;
    private final Set<String> unread;

    ModuleArguments(GoldenCase golden) {
        this.golden = golden;
        this.all = golden.hyperparameters();
        this.unread = new TreeSet<>(all.keySet());
    }

    int integer(String name) {
        return needed(name).asInt();
    }

    int integer(String name, int standard) {
        return has(name) ? integer(name) : standard;
    }

    double number(String name, double standard) {
        return has(name) ? needed(name).asDouble() : standard;
    }

    boolean flag(String name, boolean standard) {
        return has(name) ? needed(name).asBoolean() : standard;
    }

    String word(String name, String standard) {
        return has(name) ? needed(name).asText() : standard;
    }

    JsonNode needed(String name) {
        unread.remove(name);
        JsonNode value = all.get(name);
        if (value == null) throw new AssertionError(golden.name() + ": no argument " + name);
        return value;
    }

    /** One number, for a square, or [height, width]. */
    int[] pair(String name) {
        JsonNode value = needed(name);
        if (!value.isArray()) return new int[] {value.asInt(), value.asInt()};
        return new int[] {value.get(0).asInt(), value.get(1).asInt()};
    }

    /** Returns true if the argument is present and not null; marks it as read. */
    boolean has(String name) {
        unread.remove(name);
        return all.containsKey(name) && !all.get(name).isNull();
    }

    /** Marks arguments as read that only repeat sizes of the inputs or that the reference does not use. */
    void ignore(String... names) {
        for (String name : names) unread.remove(name);
    }

    void finish() {
        if (!unread.isEmpty()) throw new AssertionError(golden.name() + ": unknown arguments " + unread);
    }

    /** An input [N, C, H, W] as [H, W, C]. */
    Tensor image(Graph g, String name) {
        int[] shape = golden.io().get(name).shape();
        return g.input(name, shape[2], shape[3], shape[1]);
    }

    /** An input [N, T, D]. */
    Tensor tokens(Graph g, String name, int width) {
        return g.input(name, golden.io().get(name).shape()[1], width);
    }

    int rank(String name) {
        return golden.io().get(name).shape().length;
    }
}
