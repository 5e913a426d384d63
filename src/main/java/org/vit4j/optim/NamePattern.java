package org.vit4j.optim;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.vit4j.graph.Parameter;

/** A glob pattern for parameter names: {@code *} matches any characters, dots included, {@code ?} matches one. */
public record NamePattern(String text) {
    public boolean matches(String name) {
        StringBuilder regex = new StringBuilder();
        for (String part : text.split("(?=[*?])|(?<=[*?])"))
            regex.append(part.equals("*") ? ".*" : part.equals("?") ? "." : Pattern.quote(part));
        return Pattern.matches(regex.toString(), name);
    }

    /** Describes the first pattern that matches no trainable parameter; empty if every pattern matches one. */
    public static Optional<String> unmatched(List<NamePattern> patterns, Collection<Parameter> parameters) {
        for (NamePattern pattern : patterns) {
            boolean matches = parameters.stream().anyMatch(w -> w.role().trainable() && pattern.matches(w.name()));
            if (matches) continue;
            String examples =
                    parameters.stream()
                                    .filter(w -> w.role().trainable())
                                    .map(Parameter::name)
                                    .limit(3)
                                    .toList() + "";
            return Optional.of("'" + pattern.text() + "' matches no trainable parameter of the model; there are "
                    + examples.substring(1, examples.length() - 1) + ", ... (`vit4j summary` lists all)");
        }
        return Optional.empty();
    }
}
