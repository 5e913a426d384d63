package org.vit4j.export;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.vit4j.config.ConfigError;

/** What a saved model can be exported as. */
public enum ExportFormat {
    /** As vit4j saves it itself, the same bytes. */
    KERAS,
    ONNX,
    SAFETENSORS,
    SAMEDIFF;

    /** As the command line writes it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** @throws ConfigError with the list of formats when there is no such */
    public static ExportFormat of(String word) {
        for (ExportFormat format : values()) {
            if (format.word().equalsIgnoreCase(word)) return format;
        }
        String known = Arrays.stream(values()).map(ExportFormat::word).collect(Collectors.joining(", "));
        throw new ConfigError("--format " + word + ": there is no such format; expected one of " + known);
    }
}
