package org.vit4j.data.shards;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.stream.Collectors;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Suggestions;

/** Reads the labels of the samples of a tar file, from a member of text or a value of a member of JSON. */
final class TarLabels {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String DEFAULT_LABEL = "cls";
    private static final String JSON_PREFIX = "json.";
    private static final int LONGEST_LABEL = 16 << 20;
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private final Path file;
    private final String label;
    private final boolean defaultLabel;

    TarLabels(Path file, ShardConfig config) {
        this.file = file;
        this.label = config.labelColumn()
                .map(name -> name.startsWith(JSON_PREFIX) ? name : TarIndexer.extension(name))
                .orElse(DEFAULT_LABEL);
        this.defaultLabel = config.labelColumn().isEmpty();
    }

    /**
     * Reads the label of a sample.
     *
     * @param key of the sample
     * @param sample its members by extension
     * @throws ConfigError if it has no label
     */
    String read(FileChannel channel, String key, SortedMap<String, TarIndexer.TarMember> sample) throws IOException {
        boolean json = label.startsWith(JSON_PREFIX);
        TarIndexer.TarMember member = sample.get(json ? "json" : label);
        if (member == null) {
            String hint = defaultLabel
                    ? "; expected the number or the name of its class in " + key
                            + ".cls, or set data.label_column to another extension or to json.KEY"
                    : Suggestions.hint(label, sample.keySet());
            throw problem(key, "has no ." + (json ? "json" : label) + " (it has " + extensions(sample) + ")" + hint);
        }
        if (member.length() > LONGEST_LABEL)
            throw problem(key, "has a label of " + member.length() + " bytes in " + member.name());
        byte[] bytes = TarShard.readFully(channel, member.offset(), (int) member.length());
        String text = json ? jsonLabel(bytes, key, member) : text(bytes);
        if (text.isEmpty()) throw problem(key, "has an empty label in " + member.name());
        if (text.indexOf('\n') >= 0) throw problem(key, "has a label of several lines in " + member.name());
        return text;
    }

    /** The text of a member, without a byte order mark, which some editors put before it. */
    private static String text(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        return (text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text).strip();
    }

    /** Extensions of the members of a sample, for messages. */
    static String extensions(SortedMap<String, TarIndexer.TarMember> sample) {
        return sample.keySet().stream().map(extension -> "." + extension).collect(Collectors.joining(", "));
    }

    private ConfigError problem(String key, String text) {
        return new ConfigError(file + ": sample '" + key + "' " + text);
    }

    /** Value of {@code json.KEY}; dots after the first separate the keys of nested objects. */
    private String jsonLabel(byte[] bytes, String key, TarIndexer.TarMember member) {
        JsonNode node;
        try {
            node = JSON.readTree(bytes);
        } catch (IOException e) {
            throw problem(key, "has " + member.name() + ", which is not JSON");
        }
        for (String part : label.substring(JSON_PREFIX.length()).split("\\.")) {
            List<String> known = new ArrayList<>();
            node.fieldNames().forEachRemaining(known::add);
            if (!node.has(part))
                throw problem(
                        key,
                        "has no '" + part + "' in " + member.name() + Suggestions.hint(part, known)
                                + " (data.label_column is " + label + ")");
            node = node.get(part);
        }
        if (node.isIntegralNumber() || node.isTextual()) return node.asText().strip();
        throw problem(key, "has " + node + " as the label in " + member.name() + "; expected a number or a name");
    }
}
