package org.vit4j.cli;

import org.vit4j.backend.Backend;
import org.vit4j.backend.Precision;
import org.vit4j.config.ConfigError;
import picocli.CommandLine.Option;

/** Options of the execution of a saved model: backend, device, and arithmetic of matrix products and convolutions. */
final class BackendOptions {
    private static final String DEFAULT_BACKEND = "auto";
    private static final String DEFAULT_PRECISION = "fp32";

    @Option(
            names = "--backend",
            paramLabel = "auto|onednn|samediff|torch",
            defaultValue = DEFAULT_BACKEND,
            description = "What executes the network (default: ${DEFAULT-VALUE}, the fastest one).")
    private String backendWord;

    @Option(
            names = "--device",
            paramLabel = "auto|cpu|cuda:N",
            defaultValue = Backend.ANY_DEVICE,
            description = "Where the network is executed; a GPU needs a build with libtorch (default: ${DEFAULT-VALUE},"
                    + " the first usable GPU, or the CPU).")
    private String device;

    @Option(
            names = "--precision",
            paramLabel = "fp32|tf32|bf16",
            defaultValue = DEFAULT_PRECISION,
            description =
                    "Arithmetic of matrix products. bf16 is faster and less accurate; it requires a processor with"
                            + " AMX or AVX-512 BF16 (default: ${DEFAULT-VALUE}).")
    private String word;

    /** The backend of these options. @throws ConfigError if this machine or this build does not have it */
    Backend backend() {
        if (!Precision.configNames().contains(word))
            throw new ConfigError(
                    "--precision " + word + ": expected one of " + String.join(", ", Precision.configNames()));
        if (!Backend.configNames().contains(backendWord))
            throw new ConfigError(
                    "--backend " + backendWord + ": expected one of " + String.join(", ", Backend.configNames()));
        Backend backend = onDevice(Backend.named(backendWord).with(Precision.named(word)));
        try {
            backend.check();
        } catch (ConfigError e) {
            throw new ConfigError("--" + e.getMessage());
        }
        return backend;
    }

    private Backend onDevice(Backend backend) {
        try {
            return backend.on(device);
        } catch (ConfigError e) {
            throw new ConfigError("--device " + device + ": " + e.getMessage());
        }
    }

    /** Returns true if none of the options was changed. */
    boolean areDefaults() {
        return word.equals(DEFAULT_PRECISION)
                && backendWord.equals(DEFAULT_BACKEND)
                && device.equals(Backend.ANY_DEVICE);
    }
}
