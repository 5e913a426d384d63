package org.vit4j.cli;

import org.vit4j.backend.Backend;
import org.vit4j.backend.Precision;
import org.vit4j.config.ConfigError;
import picocli.CommandLine.Option;

/** The option {@code --precision}: arithmetic of matrix products and convolutions. */
final class PrecisionOption {
    @Option(
            names = "--precision",
            paramLabel = "fp32|bf16",
            defaultValue = "fp32",
            description =
                    "Arithmetic of matrix products. bf16 is faster and less accurate; it requires a processor with"
                            + " AMX or AVX-512 BF16 (default: ${DEFAULT-VALUE}).")
    private String word;

    /** The fastest backend with this precision. @throws ConfigError if this machine does not have the precision */
    Backend backend() {
        if (!Precision.configNames().contains(word))
            throw new ConfigError(
                    "--precision " + word + ": expected one of " + String.join(", ", Precision.configNames()));
        Backend backend = Backend.AUTO.with(Precision.named(word));
        backend.check();
        return backend;
    }
}
