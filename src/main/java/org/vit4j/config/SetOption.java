package org.vit4j.config;

import java.util.List;

/**
 * A value from the command line: {@code --set path=value}.
 *
 * <p>The value is taken character by character, unless all of it is a quoted YAML scalar, a YAML list {@code [...]} or a
 * YAML section {@code {...}}. So {@code #}, {@code : }, {@code *}, {@code &}, {@code !}, {@code @} and backslashes, which
 * mean something in a YAML file, are ordinary characters here. Nothing, {@code null} and {@code ~} mean "not set".
 */
final class SetOption {
    private SetOption() {}

    /**
     * Reads one option.
     *
     * @return the value below the sections of its path
     * @throws ConfigError when it is not of the form {@code path=value}
     */
    static Yaml.YamlMapping parse(String text) {
        int equals = text.indexOf('=');
        String where = Yaml.OVERRIDE + text;
        if (equals <= 0) throw new ConfigError(where + ": expected path=value, such as train.epochs=3");
        List<String> path = List.of(text.substring(0, equals).trim().split("\\.", -1));
        if (path.contains("")) throw new ConfigError(where + ": a part of the path is empty");
        Yaml value = value(text.substring(equals + 1).stripLeading(), where);
        for (int i = path.size() - 1; i >= 0; i--) {
            Yaml.YamlMapping mapping = Yaml.YamlMapping.empty(where);
            mapping.put(path.get(i), value, where);
            value = mapping;
        }
        return (Yaml.YamlMapping) value;
    }

    private static Yaml value(String text, String where) {
        String bare = text.strip();
        if (!bare.isEmpty() && "\"'[{".indexOf(bare.charAt(0)) >= 0) {
            var whole = Yaml.parseAll(bare, where);
            if (whole.isPresent()) return whole.get();
        }
        return new Yaml.YamlScalar(isTyped(bare) ? bare : text, true, where);
    }

    /** Returns true if spaces after the value do not belong to it, as they may to a path. */
    private static boolean isTyped(String bare) {
        return bare.matches("|~|null|true|false|[-+]?[.\\d][-+.\\deE]*");
    }
}
