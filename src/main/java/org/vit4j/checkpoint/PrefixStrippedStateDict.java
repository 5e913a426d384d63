package org.vit4j.checkpoint;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A state dict without what wrappers put in front of every name: DataParallel, {@code torch.compile}, Lightning. */
record PrefixStrippedStateDict(StateDict inside, String prefix, Map<String, StateEntry> entries) implements StateDict {
    private static final List<String> WRAPPERS = List.of("module.", "_orig_mod.", "model.");

    static StateDict of(StateDict dict) {
        String prefix = "";
        for (boolean more = true; more; ) {
            more = false;
            for (String wrapper : WRAPPERS) {
                String longer = prefix + wrapper;
                if (dict.entries().isEmpty()
                        || !dict.entries().keySet().stream().allMatch(n -> n.startsWith(longer))) continue;
                prefix = longer;
                more = true;
            }
        }
        if (prefix.isEmpty()) return dict;
        Map<String, StateEntry> entries = new LinkedHashMap<>();
        for (var entry : dict.entries().entrySet())
            entries.put(entry.getKey().substring(prefix.length()), entry.getValue());
        return new PrefixStrippedStateDict(dict, prefix, entries);
    }

    @Override
    public String label() {
        return inside.label();
    }

    @Override
    public float[] values(String name) {
        return inside.values(prefix + name);
    }

    @Override
    public void close() {
        inside.close();
    }
}
