package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.vit4j.backend.ProcessGroup;

/** Environment variables of processes that train together. */
class RankEnvironmentTest {
    private static final List<String> DEVICES = List.of("cuda:0", "cuda:1");

    private static ProcessGroup.Membership read(Map<String, String> environment) {
        return RankEnvironment.of(environment, DEVICES).orElseThrow();
    }

    private static Map<String, String> with(String name, String value) {
        Map<String, String> environment = new HashMap<>(RankEnvironment.variables(1, 2, 29500));
        if (value == null) environment.remove(name);
        else environment.put(name, value);
        return environment;
    }

    @Test
    void aProcessAloneHasNoVariables() {
        assertThat(RankEnvironment.of(Map.of("RANK", "0"), DEVICES)).isEmpty();
        assertThat(RankEnvironment.of(Map.of("WORLD_SIZE", "2"), DEVICES)).isEmpty();
    }

    @Test
    void theLocalNumberSelectsTheDevice() {
        assertThat(read(RankEnvironment.variables(1, 2, 29500)))
                .isEqualTo(new ProcessGroup.Membership(1, 2, "cuda:1", "127.0.0.1", 29500));
        // The second machine of two, as torchrun starts it.
        Map<String, String> remote = Map.of(
                "RANK", "3", "LOCAL_RANK", "1", "WORLD_SIZE", "4", "MASTER_ADDR", "node0", "MASTER_PORT", "29500");
        assertThat(read(remote)).isEqualTo(new ProcessGroup.Membership(3, 4, "cuda:1", "node0", 29500));
    }

    @Test
    void mistakesAreOneLine() {
        assertThatThrownBy(() -> read(with("RANK", "2"))).hasMessage("RANK=2: expected an integer in [0, 1]");
        assertThatThrownBy(() -> read(with("WORLD_SIZE", "two")))
                .hasMessage("WORLD_SIZE=two: expected an integer in [1, 4096]");
        assertThatThrownBy(() -> read(with("MASTER_PORT", null)))
                .hasMessage("MASTER_PORT is missing: RANK and WORLD_SIZE are set, so it must be");
        assertThatThrownBy(() -> read(with("MASTER_ADDR", null)))
                .hasMessage("MASTER_ADDR is missing: RANK and WORLD_SIZE are set, so it must be");
    }
}
