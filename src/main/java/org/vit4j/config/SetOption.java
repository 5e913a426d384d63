package org.vit4j.config;

import java.util.List;

/**
 * The command-line option {@code --set path=value}, which overrides a config value.
 *
 * <p>The value is used literally, unless it is a quoted YAML scalar, a YAML list {@code [...]} or a YAML section
 * {@code {...}} from its first to its last character. {@code #}, {@code : }, {@code *}, {@code &}, {@code !}, {@code
 * @} and backslashes, which are special in a YAML file, are ordinary characters here. The empty value, {@code null}
 * and {@code ~} mean "not set".
 */
final class SetOption {
    private SetOption() {}

    /**
     * Parses one option.
     *
     * @return nested sections for the path, with the value innermost
     * @throws ConfigError if the text is not of the form {@code path=value}
     */
    static Yaml.YamlMapping parse(String text) {
        int equals = text.indexOf('=');
        String where = Yaml.OVERRIDE + text;
        if (equals <= 0) throw new ConfigError(where + ": expected path=value, such as train.epochs=3");
        List<String> path = List.of(text.substring(0, equals).trim().split("\\.", -1));
        if (path.contains("")) throw new ConfigError(where + ": empty name in the path");
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
            var parsed = Yaml.parseAll(bare, where);
            if (parsed.isPresent()) return parsed.get();
        }
        return new Yaml.YamlScalar(isTyped(bare) ? bare : text, true, where);
    }

    /**
     * Returns true for numbers, booleans and null, where trailing spaces are dropped; in a path they are significant.
     */
    private static boolean isTyped(String bare) {
        return bare.matches("|~|null|true|false|[-+]?[.\\d][-+.\\deE]*");
    }
}
