package org.vit4j.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.vit4j.config.ConfigError;
import org.vit4j.train.RunConfig;

/** What FlatBuffers do not hold is refused before a byte is written. */
class SameDiffLimitTest {
    private static final Path FILE = Path.of("huge.fb");

    @Test
    void aModelBeyondTheLimitIsRefusedWithAWayOut() {
        SameDiffExport.check(FILE, SameDiffExport.LARGEST);
        assertThatThrownBy(() -> SameDiffExport.check(FILE, SameDiffExport.LARGEST + 1))
                .isInstanceOf(ConfigError.class)
                .hasMessage(
                        "huge.fb: a model of 1073741825 bytes is more than SameDiff's FlatBuffers hold (1073741824);"
                                + " export it as keras or onnx, which have no such limit");
    }

    @Test
    void aLargePublishedNetworkIsOneOfThem() {
        var model = RunConfig.open("vit_large_patch16_224", java.util.List.of()).model();
        long bytes = 4 * model.build().parameterCount();
        assertThat(bytes).isGreaterThan(SameDiffExport.LARGEST);
        assertThatThrownBy(() -> SameDiffExport.check(FILE, bytes)).isInstanceOf(ConfigError.class);
    }
}
