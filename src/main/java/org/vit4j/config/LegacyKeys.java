package org.vit4j.config;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Earlier spellings of keys and values with their current spelling. Configs, overrides and saved models that use them
 * are still read; a log line names the current spelling, once per position.
 */
public final class LegacyKeys {
    private static final Logger LOG = LoggerFactory.getLogger(LegacyKeys.class);

    /** Section -> old key -> current key. */
    private static final Map<String, Map<String, String>> KEYS =
            Map.of("model", Map.of("flavour", "flavor"), "train", Map.of("engine", "backend"));

    /** Old path -> current path in another section. */
    private static final Map<String, String> MOVED = Map.of("data.threads", "train.workers");

    /** Path -> old value -> current value. */
    private static final Map<String, Map<String, String>> VALUES = Map.of(
            "train.backend", Map.of("accelerated", "onednn", "portable", "samediff"),
            "data.on_corrupt", Map.of("refuse", "fail"));

    private static final Set<String> HINTED = ConcurrentHashMap.newKeySet();

    private LegacyKeys() {}

    /** The current spelling of a value; the value itself if it is not an earlier spelling. */
    public static String currentValue(String path, String value) {
        return VALUES.getOrDefault(path, Map.of()).getOrDefault(value, value);
    }

    /** Rewrites old spellings in the sections of a config, in place. */
    static Yaml.YamlMapping upgrade(Yaml.YamlMapping root) {
        root.entries().forEach((name, value) -> {
            if (value instanceof Yaml.YamlMapping section) upgrade(name, section);
        });
        MOVED.forEach((old, current) -> move(root, old.split("\\."), current.split("\\.")));
        return root;
    }

    /** Moves a key to another section, which is added if it is missing; a key that is there stays. */
    private static void move(Yaml.YamlMapping root, String[] old, String[] current) {
        if (!(root.entries().get(old[0]) instanceof Yaml.YamlMapping from)) return;
        if (!from.entries().containsKey(old[1])) return;
        String where = from.keyWhere().get(old[1]);
        if (!root.entries().containsKey(current[0])) {
            root.put(current[0], Yaml.YamlMapping.empty(where), where);
        }
        if (!(root.entries().get(current[0]) instanceof Yaml.YamlMapping to)) return;
        if (to.entries().containsKey(current[1])) return;
        hint(where + ": " + String.join(".", old) + " is now called " + String.join(".", current));
        to.put(current[1], from.entries().remove(old[1]), where);
    }

    private static void upgrade(String name, Yaml.YamlMapping section) {
        KEYS.getOrDefault(name, Map.of()).forEach((old, key) -> {
            if (!section.entries().containsKey(old) || section.entries().containsKey(key)) return;
            String where = section.keyWhere().get(old);
            hint(where + ": " + name + "." + old + " is now called " + name + "." + key);
            section.put(key, section.entries().remove(old), where);
        });
        section.entries().replaceAll((key, value) -> {
            if (!(value instanceof Yaml.YamlScalar scalar)) return value;
            String word = currentValue(name + "." + key, scalar.text());
            if (word.equals(scalar.text())) return value;
            hint(scalar.where() + ": " + name + "." + key + ": " + scalar.text() + " is now called " + word);
            return new Yaml.YamlScalar(word, scalar.plain(), scalar.where());
        });
    }

    private static void hint(String text) {
        if (HINTED.add(text)) LOG.info("{}; the old spelling is still read", text);
    }
}
