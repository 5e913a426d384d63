package org.vit4j.export;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.vit4j.config.ConfigError;

/** Export formats of saved models. */
public enum ExportFormat {
    /** The native format of vit4j; the exported file has identical bytes. */
    KERAS,
    ONNX,
    SAFETENSORS,
    SAMEDIFF;

    /** Name on the command line. */
    public String cliName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** @throws ConfigError listing the formats if {@code word} is unknown */
    public static ExportFormat of(String word) {
        for (ExportFormat format : values()) {
            if (format.cliName().equalsIgnoreCase(word)) return format;
        }
        String known = Arrays.stream(values()).map(ExportFormat::cliName).collect(Collectors.joining(", "));
        throw new ConfigError("--format " + word + ": unknown format; expected one of " + known);
    }
}
