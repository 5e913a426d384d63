package org.vit4j.optim;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.vit4j.graph.Parameter;

/** A pattern for names of weights: {@code *} stands for any characters, dots included, {@code ?} for one. */
public record NamePattern(String text) {
    public boolean matches(String name) {
        String regex = "\\Q" + text.replace("*", "\\E.*\\Q").replace("?", "\\E.\\Q") + "\\E";
        return Pattern.matches(regex, name);
    }

    /** What to say of the first pattern that no trained weight answers to, if there is one. */
    public static Optional<String> unmatched(List<NamePattern> globs, Collection<Parameter> weights) {
        for (NamePattern glob : globs) {
            boolean any = weights.stream().anyMatch(w -> w.role().trainable() && glob.matches(w.name()));
            if (any) continue;
            String some = weights.stream()
                            .filter(w -> w.role().trainable())
                            .map(Parameter::name)
                            .limit(3)
                            .toList() + "";
            return Optional.of("'" + glob.text() + "' matches no weight of the model; they are called "
                    + some.substring(1, some.length() - 1) + ", ... (`vit4j summary` names them all)");
        }
        return Optional.empty();
    }
}
