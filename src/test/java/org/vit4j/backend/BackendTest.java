package org.vit4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.vit4j.config.ConfigError;

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
        var missing = new MissingBackend(
                "torch", "libtorch", new MissingBackend.MissingProfiles("torch", "torch,torch-cuda"), false);
        assertThat(missing.unavailableReason(Precision.FP32))
                .hasValue(
                        "this build has no libtorch; build one with 'mvn -Ptorch -DskipTests package' (docs/cuda.md)");
        assertThat(missing.on("cuda:0").orElseThrow().unavailableReason(Precision.BF16))
                .hasValue("this build has no libtorch; build one with 'mvn -Ptorch,torch-cuda -DskipTests package'"
                        + " (docs/cuda.md)");
        assertThat(missing.onUsableGpu()).isEmpty();
    }

    @Test
    void aDeviceIsTheCpuOrAGpuByNumber() {
        assertThat(Backend.ONEDNN.on("cpu")).isSameAs(Backend.ONEDNN);
        assertThat(Backend.AUTO.on("cuda:0").configName()).isEqualTo("torch");
        assertThatThrownBy(() -> Backend.ONEDNN.on("cuda:0"))
                .hasMessage("the onednn backend does not compute on cuda:0; use the torch backend");
        assertThatThrownBy(() -> Backend.AUTO.on("gpu")).hasMessage("expected auto, cpu or cuda:N, got 'gpu'");
    }

    @Test
    void withoutAGpuTheDeviceAutoIsTheCpu() {
        assertThat(Backend.AUTO.devices()).containsExactly("auto");
        assertThat(Backend.AUTO.on("auto")).isSameAs(Backend.AUTO);
        assertThat(Backend.AUTO.isOnHost()).isTrue();
        assertThat(Backend.SAMEDIFF.on("auto").isOnHost()).isTrue();
        Backend.AUTO.check();
        Backend.SAMEDIFF.on("auto").check();
    }

    @Test
    void aGpuThatCannotBeUsedIsAnErrorThatDoesNotSuggestTheCpu() {
        for (Backend backend : List.of(Backend.AUTO, Backend.TORCH, Backend.AUTO.with(Precision.BF16)))
            assertThatThrownBy(() -> backend.on("cuda:0").check())
                    .isInstanceOf(ConfigError.class)
                    .hasMessageStartingWith("device cuda:0 is not available: ")
                    .hasMessageNotContaining("samediff")
                    .hasMessageNotContaining("use fp32");
    }

    @Test
    void severalDevicesAreOfOneKindAndNeedLibtorch() {
        Backend two = Backend.AUTO.on(List.of("cuda:0", "cuda:1"));
        assertThat(two.configName()).isEqualTo("torch");
        assertThat(two.devices()).containsExactly("cuda:0", "cuda:1");
        assertThat(two.inGroup("cuda:1").devices()).containsExactly("cuda:1");
        assertThat(Backend.AUTO.inGroup("cpu").configName()).isEqualTo("torch");
        assertThatThrownBy(() -> Backend.AUTO.inGroup("auto"))
                .hasMessage("device auto cannot be used by several processes; name it, such as cuda:0");
        assertThat(Backend.TORCH.on(List.of("cpu", "cpu")).devices()).containsExactly("cpu", "cpu");
        assertThat(Backend.ONEDNN.on(List.of("cpu"))).isSameAs(Backend.ONEDNN);
        assertThatThrownBy(() -> Backend.ONEDNN.on(List.of("cpu", "cpu")))
                .hasMessage("backend onednn computes in one process; use torch");
        assertThatThrownBy(() -> Backend.AUTO.on(List.of("cuda:0", "cpu")))
                .hasMessage("cannot combine cpu and cuda:N in one training");
        assertThatThrownBy(() -> Backend.AUTO.on(List.of("cuda:1", "cuda:1"))).hasMessage("duplicate device cuda:1");
        assertThatThrownBy(() -> Backend.AUTO.on(List.of("auto", "auto")))
                .hasMessage("auto cannot be one of several devices; name them");
        assertThatThrownBy(() -> Backend.AUTO.on(List.of())).hasMessage("expected a device or a list of devices");
    }
}
