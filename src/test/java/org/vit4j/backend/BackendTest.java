package org.vit4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BackendTest {
    @Test
    void backendsAreFoundByTheirWords() {
        assertThat(Backend.configNames()).containsExactly("auto", "onednn", "samediff", "torch");
        for (String word : Backend.configNames())
            assertThat(Backend.named(word).configName()).isEqualTo(word);
        assertThat(Backend.named("auto")).isSameAs(Backend.AUTO);
        assertThat(Backend.named("onednn")).isSameAs(Backend.ONEDNN);
        assertThat(Backend.named("samediff")).isSameAs(Backend.SAMEDIFF);
        assertThat(Backend.named("torch")).isSameAs(Backend.TORCH);
    }

    @Test
    void unknownBackendsAreRejected() {
        assertThatThrownBy(() -> Backend.named("cuda"))
                .hasMessage("unknown backend 'cuda'; known: auto, onednn, samediff, torch");
    }

    @Test
    void aBackendThatTheBuildLacksNamesTheProfile() {
        BackendProvider missing = new MissingBackend("torch", "libtorch", "torch");
        assertThat(missing.unavailableReason(Precision.FP32))
                .hasValue(
                        "this build has no libtorch; build one with 'mvn -Ptorch -DskipTests package' (docs/cuda.md)");
    }

    @Test
    void aDeviceIsTheCpuOrAGpuByNumber() {
        assertThat(Backend.ONEDNN.on("cpu")).isSameAs(Backend.ONEDNN);
        assertThat(Backend.AUTO.on("cuda:0").configName()).isEqualTo("torch");
        assertThatThrownBy(() -> Backend.ONEDNN.on("cuda:0"))
                .hasMessage("the onednn backend does not compute on cuda:0; use the torch backend");
        assertThatThrownBy(() -> Backend.AUTO.on("gpu")).hasMessage("expected cpu or cuda:N, got 'gpu'");
    }
}
