package org.vit4j.config;

import java.util.function.Function;

/** A YAML value of another type than expected; {@link Section} adds file, line and path. */
final class TypeMismatch extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String where;

    TypeMismatch(Yaml value, String message) {
        super(message);
        this.where = value.where();
    }

    String where() {
        return where;
    }

    /** Parses a plain scalar; {@code what} names the expected type. */
    static <T> T parse(Yaml value, String what, Function<String, T> parser) {
        Yaml.YamlScalar scalar = scalar(value, what);
        try {
            if (scalar.plain()) return parser.apply(scalar.text());
        } catch (NumberFormatException e) {
            // reported below, with file and line
        }
        throw new TypeMismatch(
                value, "expected " + what + ", got " + (scalar.plain() ? "" : "the text ") + Yaml.shown(value));
    }

    /** The value as a scalar. */
    static Yaml.YamlScalar scalar(Yaml value, String what) {
        if (value instanceof Yaml.YamlScalar scalar) return scalar;
        throw new TypeMismatch(value, "expected " + what + ", got " + Yaml.shown(value));
    }
}
