package org.vit4j.optim;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.vit4j.config.Section;

/** The built-in optimizers, and the reader of {@code train.optimizer}. */
public final class Optimizers {
    /** Values of {@code train.optimizer.name}, one line each; the first is the default. */
    private enum OptimizerName {
        ADAMW(AdamW::read),
        ADAM(Adam::read),
        SGD(Sgd::read),
        LAMB(Lamb::read),
        LION(Lion::read);

        @SuppressWarnings("ImmutableEnumChecker") // method references without state
        private final OptimizerReader reader;

        OptimizerName(OptimizerReader reader) {
            this.reader = reader;
        }

        private String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Reads the keys of an optimizer; {@code scale} is a factor for the configured learning rate. */
    private interface OptimizerReader {
        Optional<? extends Optimizer> read(Section s, double scale);
    }

    private Optimizers() {}

    /**
     * Reads {@code train.optimizer}.
     *
     * @param scale factor for the configured learning rate
     */
    public static Optional<? extends Optimizer> read(Section s, double scale) {
        List<String> words =
                Arrays.stream(OptimizerName.values()).map(OptimizerName::word).toList();
        String name = s.has("name") ? s.choiceAt("name", words) : s.stringAt("name", words.get(0));
        return OptimizerName.values()[words.indexOf(name)].reader.read(s, scale);
    }
}
