package org.vit4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BackendTest {
    @Test
    void backendsAreFoundByTheirWords() {
        assertThat(Backend.configNames()).containsExactly("auto", "onednn", "samediff");
        for (String word : Backend.configNames())
            assertThat(Backend.named(word).configName()).isEqualTo(word);
        assertThat(Backend.named("auto")).isSameAs(Backend.AUTO);
        assertThat(Backend.named("onednn")).isSameAs(Backend.ONEDNN);
        assertThat(Backend.named("samediff")).isSameAs(Backend.SAMEDIFF);
    }

    @Test
    void unknownBackendsAreRejected() {
        assertThatThrownBy(() -> Backend.named("cuda"))
                .hasMessage("unknown backend 'cuda'; known: auto, onednn, samediff");
    }
}
