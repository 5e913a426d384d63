package org.vit4j.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** YAML merge keys and {@code x-} sections; expected values are from PyYAML. */
class MergeKeysTest {
    private static final String ANCHORS = """
            x-one: &one {a: 1, b: 1, deep: {p: 1, q: 1}}
            x-two: &two {b: 2, c: 2}
            x-list:
              - &three {a: 3}
            """;

    private static Section section(String yaml) {
        return Config.parse(ANCHORS + yaml, "t.yaml").root().section("s");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "s: {<<: *one};1;1;0",
                "s: {<<: *one, a: 9};9;1;0",
                "s: {a: 9, <<: *one};9;1;0",
                "s: {<<: [*one, *two]};1;1;2",
                "s: {<<: [*two, *one]};1;2;2",
                "s: {<<: [*two, *one, *three], c: 7};1;2;7",
                "s: {<<: {<<: *two, a: 5}};5;2;2",
                "s: {<<: []};0;0;0",
            })
    void explicitKeysPrecedeMergedKeysAndEarlierSectionsLaterOnes(String yaml, int a, int b, int c) {
        Section s = section(yaml);
        assertThat(List.of(s.intAt("a", 0), s.intAt("b", 0), s.intAt("c", 0))).containsExactly(a, b, c);
    }

    @Test
    void mergeDoesNotMergeNestedSections() {
        Section s = section("s: {<<: *one, deep: {p: 5}}");
        assertThat(s.section("deep").intAt("p")).isEqualTo(5);
        assertThat(s.section("deep").has("q")).isFalse();
    }

    @Test
    void nullRemovesAMergedKey() {
        assertThat(section("s: {<<: *one, a: null}").has("a")).isFalse();
    }

    @Test
    void extensionSectionsAreNotPartOfTheConfig() {
        Config config = Config.parse(ANCHORS + "s: {<<: *two}", "t.yaml");
        Section s = config.root().section("s");
        s.intAt("b");
        s.intAt("c");
        s.rejectUnknownKeys();
        config.finish();
        assertThat(config.resolved()).doesNotContain("x-");
    }

    @Test
    void misspelledMergedKeyIsReportedAtItsOwnLine() {
        Config config = Config.parse("x-one: &one\n  hedas: 3\ns:\n  <<: *one\n", "t.yaml");
        Section s = config.root().section("s");
        s.intAt("heads", 4);
        s.rejectUnknownKeys();
        assertThatThrownBy(config::finish).hasMessageContaining("t.yaml:2: s: unknown key 'hedas'");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "s: {<<: 3};expected a section or a list of sections, got '3'",
                "s: {<<: [*one, 3]};expected a section or a list of sections, got '3'",
                "s: {<<: *one, <<: *two};duplicate '<<'",
                "y-one: 3;unknown key 'y-one'",
                "s: {x-one: 3};unknown key 'x-one'",
            })
    void invalidMergeKeysAreRejected(String yaml, String message) {
        assertThatThrownBy(() -> {
                    Config config = Config.parse(ANCHORS + yaml, "t.yaml");
                    config.root().section("s").rejectUnknownKeys();
                    config.finish();
                })
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining(message);
    }

    @Test
    void quotedMergeKeyIsAnOrdinaryKey() {
        assertThat(section("s: {'<<': 3}").intAt("<<")).isEqualTo(3);
    }
}
