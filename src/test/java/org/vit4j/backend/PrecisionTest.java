package org.vit4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.vit4j.config.ConfigError;

/** A precision that a backend does not have is an error, never replaced by another one. */
class PrecisionTest {
    @Test
    void sameDiffRefusesBfloat16() {
        assertThatThrownBy(() -> Backend.SAMEDIFF.with(Precision.BF16).check())
                .isInstanceOf(ConfigError.class)
                .hasMessage("precision bf16 is not available: the SameDiff backend computes in fp32 only; use fp32");
    }

    @Test
    void backendsComputeInFloat32UnlessAPrecisionIsSet() {
        assertThat(Backend.AUTO.precision()).isEqualTo(Precision.FP32);
        assertThatCode(Backend.AUTO::check).doesNotThrowAnyException();
        assertThat(Backend.AUTO.with(Precision.BF16).precision()).isEqualTo(Precision.BF16);
        assertThat(Backend.AUTO.precision()).isEqualTo(Precision.FP32);
    }

    @Test
    void wordsNamePrecisions() {
        assertThat(Precision.configNames()).containsExactly("fp32", "tf32", "bf16");
        assertThat(Precision.named("bf16")).isEqualTo(Precision.BF16);
        assertThatThrownBy(() -> Precision.named("fp16"))
                .hasMessage("unknown precision 'fp16'; known: fp32, tf32, bf16");
    }
}
