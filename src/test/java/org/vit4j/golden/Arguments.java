package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Arguments of a reference module; {@link #finish} fails if one of them was not read. */
final class Arguments {
    private final GoldenCase golden;
    private final Map<String, JsonNode> given;
    private final Set<String> unread;

    Arguments(GoldenCase golden) {
        this.golden = golden;
        this.given = golden.hyperparameters();
        this.unread = new TreeSet<>(given.keySet());
    }

    /** @throws AssertionError if the golden does not have the argument */
    int intAt(String name) {
        if (!given.containsKey(name)) throw new AssertionError(golden.name() + ": no argument " + name);
        return intAt(name, 0);
    }

    int intAt(String name, int standard) {
        return node(name).asInt(standard);
    }

    double doubleAt(String name, double standard) {
        return node(name).asDouble(standard);
    }

    boolean boolAt(String name, boolean standard) {
        return node(name).asBoolean(standard);
    }

    String stringAt(String name, String standard) {
        return node(name).asText(standard);
    }

    /** Epsilon of the layer norms of the reference. */
    double eps() {
        return golden.config().path("layers").path("LayerNorm_eps").path(0).asDouble(1e-5);
    }

    void finish() {
        if (!unread.isEmpty()) throw new AssertionError(golden.name() + ": unknown arguments " + unread);
    }

    private JsonNode node(String name) {
        unread.remove(name);
        JsonNode value = given.get(name);
        return value == null ? com.fasterxml.jackson.databind.node.MissingNode.getInstance() : value;
    }
}
