package org.vit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.config.ConfigError;

/** State dicts in dictionaries of any name and with any prefix, written by PyTorch ({@code wrapped/make.py}). */
class CheckpointWrappersTest {
    private static WrappedNetwork original;

    @BeforeAll
    static void read() {
        original = WrappedNetwork.original();
    }

    private static WrappedNetwork load(String file, Optional<String> key) {
        Path path = WrappedNetwork.WRAPPED.resolve(file + ".pth");
        return new WrappedNetwork(WrappedNetwork.YAML).load(path, key, false);
    }

    @ParameterizedTest
    @ValueSource(strings = {"name", "list", "other_depth", "same_twice", "infix"})
    void matchingDictionaryIsFoundUnderAnyName(String file) {
        WrappedNetwork network = load(file, Optional.empty());
        network.hasTheValuesOf(original, "");
        assertThat(network.notes()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "averaged | using the averaged weights, state_dict_ema",
                "prefixes | outside of prefix '_orig_mod.module.model.backbone.': skipped 3 (criterion.weight,",
                "head_outside | outside of prefix 'm.backbone.': read 2 (m.head.weight, m.head.bias)"
            })
    void choicesAndSkippedArraysAreLogged(String file, String note) {
        WrappedNetwork network = load(file, Optional.empty());
        network.hasTheValuesOf(original, "");
        assertThat(network.notes()).singleElement().asString().contains(note);
    }

    @ParameterizedTest
    @CsvSource({
        "two, student, teacher, teacher",
        "two_flat, student.backbone, teacher.backbone, teacher.backbone",
        "two_flat, student.backbone, teacher.backbone, teacher",
        "other_depth, , , teacher"
    })
    void equallyFittingStateDictsRequireAKey(String file, String first, String second, String key) {
        if (first != null) {
            assertThatThrownBy(() -> load(file, Optional.empty()))
                    .isInstanceOf(ConfigError.class)
                    .hasMessageContaining(file + ".pth: contains 2 state dicts that fit the model equally well: "
                            + first + ", " + second + "; choose one with --key NAME");
        }
        load(file, Optional.of(key)).hasTheValuesOf(original, "");
    }

    @Test
    void keyOfAnotherModelIsRejected() {
        assertThatThrownBy(() -> load("other_depth", Optional.of("student")))
                .hasMessageContaining("!student (reference names) does not fit the model; unexpected: 12 (blocks.1.");
        assertThatThrownBy(() -> load("two", Optional.of("mentor")))
                .hasMessageContaining("no parameter of the model at key 'mentor'; expected student or teacher");
    }
}
