package org.vit4j.cli;

import org.vit4j.config.ConfigError;
import org.vit4j.data.image.ImageFormats;
import picocli.CommandLine.Option;

/** The option {@code --max-pixels}, which limits the size of decoded images. */
final class MaxPixelsOption {
    @Option(
            names = "--max-pixels",
            paramLabel = "N",
            defaultValue = "" + ImageFormats.DEFAULT_PIXEL_LIMIT,
            description = "Reject images with more pixels (default: ${DEFAULT-VALUE}).")
    private long limit;

    /** The largest number of pixels that an image may have. */
    long limit() {
        if (limit < 1) throw new ConfigError("--max-pixels " + limit + ": expected at least 1");
        return limit;
    }
}
