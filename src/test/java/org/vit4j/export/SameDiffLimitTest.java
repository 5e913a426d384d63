package org.vit4j.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.vit4j.config.ConfigError;
import org.vit4j.run.RunConfig;

/** Models above the FlatBuffers limit are rejected before anything is written. */
class SameDiffLimitTest {
    private static final Path FILE = Path.of("huge.fb");

    @Test
    void modelsAboveTheLimitAreRejectedWithAnAlternative() {
        SameDiffExport.checkSize(FILE, SameDiffExport.MAX_BYTES);
        assertThatThrownBy(() -> SameDiffExport.checkSize(FILE, SameDiffExport.MAX_BYTES + 1))
                .isInstanceOf(ConfigError.class)
                .hasMessage("huge.fb: the model has 1073741825 bytes, above the limit of SameDiff's FlatBuffers"
                        + " (1073741824); export it as keras or onnx instead");
    }

    @Test
    void vitLargeExceedsTheLimit() {
        var model = RunConfig.open("vit_large_patch16_224", java.util.List.of()).model();
        long bytes = 4 * model.graph().parameterCount();
        assertThat(bytes).isGreaterThan(SameDiffExport.MAX_BYTES);
        assertThatThrownBy(() -> SameDiffExport.checkSize(FILE, bytes)).isInstanceOf(ConfigError.class);
    }
}
