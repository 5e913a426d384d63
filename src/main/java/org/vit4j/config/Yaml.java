package org.vit4j.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/** A YAML tree in which every value has its file and line. */
sealed interface Yaml {
    /** Prefix of the position of values from the command line. */
    String OVERRIDE = "--set ";

    /** Largest number of values of a file, with aliases expanded: fifty aliases can make millions of values. */
    int MAX_VALUES = 100_000;

    /** Position of the value: {@code file:line}, or {@code --set} and the option. */
    String where();

    /** @param plain true if written without quotes, so that it may be a number, a boolean or null */
    record YamlScalar(String text, boolean plain, String where) implements Yaml {
        boolean isNull() {
            return plain && (text.isEmpty() || text.equals("null") || text.equals("~"));
        }
    }

    record YamlSequence(List<Yaml> items, String where) implements Yaml {}

    /** @param keyWhere position of each key */
    record YamlMapping(Map<String, Yaml> entries, Map<String, String> keyWhere, String where) implements Yaml {
        static YamlMapping empty(String where) {
            return new YamlMapping(new LinkedHashMap<>(), new LinkedHashMap<>(), where);
        }

        void put(String key, Yaml value, String where) {
            entries.put(key, value);
            keyWhere.put(key, where);
        }
    }

    /** Parses YAML 1.2 text; {@code label} is the name of the file in messages. */
    static Yaml parse(String text, String label) {
        try {
            Optional<Node> root = compose(text, label);
            AtomicInteger budget = new AtomicInteger(MAX_VALUES);
            return root.map(node -> convert(node, label, budget)).orElseGet(() -> YamlMapping.empty(label + ":1"));
        } catch (StackOverflowError e) {
            throw new ConfigError(label + ": not valid YAML: nested too deeply, or within itself", e);
        } catch (MarkedYamlEngineException e) {
            int line = e.getProblemMark().map(mark -> mark.getLine() + 1).orElse(1);
            throw new ConfigError(
                    label + ":" + line + ": not valid YAML: " + YamlProblems.explained(e.getProblem()), e);
        } catch (YamlEngineException e) {
            throw new ConfigError(label + ": not valid YAML: " + e.getMessage(), e);
        }
    }

    /**
     * Parses text that consists of exactly one value, without anything before or after it.
     *
     * @return empty for other text, such as {@code [a] b} or {@code 'a' # b}
     */
    static Optional<Yaml> parseAll(String text, String label) {
        try {
            return compose(text, label)
                    .filter(node -> end(node) == text.codePointCount(0, text.length()))
                    .map(node -> convert(node, label, new AtomicInteger(MAX_VALUES)));
        } catch (StackOverflowError | YamlEngineException e) {
            return Optional.empty();
        }
    }

    private static int end(Node node) {
        return node.getEndMark().map(Mark::getIndex).orElse(-1);
    }

    private static Optional<Node> compose(String text, String label) {
        // Limits against alias expansion and huge files; hand-written configs stay far below them.
        LoadSettings settings = LoadSettings.builder()
                .setLabel(label)
                .setMaxAliasesForCollections(50)
                .setAllowNonScalarKeys(true) // rejected below, with their line
                .setCodePointLimit(1 << 20)
                .build();
        return new Composer(settings, new ParserImpl(settings, new StreamReader(settings, text))).getSingleNode();
    }

    private static Yaml convert(Node node, String label, AtomicInteger budget) {
        String where = at(node, label);
        if (budget.decrementAndGet() < 0) throw new ConfigError(label + ": more than " + MAX_VALUES + " values");
        if (node instanceof ScalarNode scalar) {
            return new YamlScalar(scalar.getValue(), scalar.getScalarStyle() == ScalarStyle.PLAIN, where);
        }
        if (node instanceof SequenceNode sequence) {
            List<Yaml> items = new ArrayList<>();
            for (Node item : sequence.getValue()) items.add(convert(item, label, budget));
            return new YamlSequence(items, where);
        }
        if (node instanceof MappingNode mapping) {
            return mapping(mapping, label, budget);
        }
        throw new AssertionError(node);
    }

    private static YamlMapping mapping(MappingNode node, String label, AtomicInteger budget) {
        YamlMapping result = YamlMapping.empty(at(node, label));
        Yaml merged = null;
        for (NodeTuple tuple : node.getValue()) {
            String keyWhere = at(tuple.getKeyNode(), label);
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                throw new ConfigError(keyWhere + ": a key must be a word");
            }
            Yaml value = convert(tuple.getValueNode(), label, budget);
            if (key.getValue().equals("<<") && key.getScalarStyle() == ScalarStyle.PLAIN) {
                if (merged != null) throw new ConfigError(keyWhere + ": duplicate '<<'; expected one, <<: [*a, *b]");
                merged = value;
                continue;
            }
            if (result.entries.containsKey(key.getValue())) {
                throw new ConfigError(keyWhere + ": duplicate key '" + key.getValue() + "'; first at "
                        + result.keyWhere.get(key.getValue()));
            }
            result.put(key.getValue(), value, keyWhere);
        }
        if (merged instanceof YamlSequence several) several.items.forEach(one -> mergeKeys(result, one));
        else if (merged != null) mergeKeys(result, merged);
        return result;
    }

    /** Applies the merge key of YAML 1.1, {@code <<: *base}: adds missing keys, without merging nested sections. */
    private static void mergeKeys(YamlMapping into, Yaml value) {
        if (!(value instanceof YamlMapping from)) {
            throw new ConfigError(
                    value.where() + ": <<: expected a section or a list of sections, got " + shown(value));
        }
        from.entries.forEach((key, below) -> {
            if (!into.entries.containsKey(key)) into.put(key, below, from.keyWhere.get(key));
        });
    }

    private static String at(Node node, String label) {
        if (label.startsWith(OVERRIDE)) return label; // an override is a single line
        return label
                + node.getStartMark()
                        .map((Mark mark) -> ":" + (mark.getLine() + 1))
                        .orElse("");
    }

    /** Merges mappings key by key; lists and scalars of {@code over} replace those of {@code base}. */
    static YamlMapping merge(YamlMapping base, YamlMapping over) {
        // What is missing is missing in the file, unless the override adds the section.
        boolean partOfFile = over.where.startsWith(OVERRIDE) && !base.entries.isEmpty();
        YamlMapping merged = YamlMapping.empty(partOfFile ? base.where : over.where);
        base.entries.forEach((key, value) -> merged.put(key, value, base.keyWhere.get(key)));
        over.entries.forEach((key, value) -> {
            Yaml old = merged.entries.get(key);
            Yaml result = old instanceof YamlMapping a && value instanceof YamlMapping b ? merge(a, b) : value;
            merged.put(key, result, over.keyWhere.get(key));
        });
        return merged;
    }

    /** Collects scalars by path, such as {@code train.optimizer.betas[0]}. */
    static void flatten(Yaml yaml, String path, Map<String, String> into) {
        if (yaml instanceof YamlScalar scalar) into.put(path, scalar.text);
        if (yaml instanceof YamlSequence list) {
            for (int i = 0; i < list.items.size(); i++) flatten(list.items.get(i), path + "[" + i + "]", into);
        }
        if (yaml instanceof YamlMapping mapping) {
            mapping.entries.forEach((key, below) -> flatten(below, path.isEmpty() ? key : path + "." + key, into));
        }
    }

    /** Description of a value for messages. */
    static String shown(Yaml value) {
        if (value instanceof YamlScalar scalar) return "'" + scalar.text + "'";
        return value instanceof YamlSequence ? "a list" : "a section";
    }
}
