package org.vit4j.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Values of {@code --set}: literal text, unless the entire value is a quoted scalar, a list or a section. */
class SetOptionTest {
    private static Config with(String value) {
        return Config.parse("a: {old: 1}\n", "t.yaml", List.of("a.key=" + value));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/x/set #2",
                "#2",
                "/x/a: b",
                "a: b",
                "- a",
                "? a",
                "*.jpg",
                "*a",
                "&a",
                "!a",
                "!!str 3",
                "@home",
                "%x",
                "`x`",
                "|",
                "> x",
                "---",
                "...",
                "C:\\data\\new",
                "\\\\server\\share",
                "it's",
                "'tis",
                "\"a\" b",
                "'a' #2",
                "\"C:\\Users\\x\"",
                "[set] 2",
                "[1,2",
                "[a] # b",
                "{x}/y",
                "a=b=c",
                "a, b",
                "~/x",
                "~x",
                "/x/set ",
                "2024 set ",
                "tab\there",
                "no\nline",
                "\u00e4\ud83d\ude00 #1",
            })
    void unquotedTextIsLiteral(String value) {
        Config config = with(value);
        assertThat(config.root().section("a").stringAt("key")).isEqualTo(value);
        config.check();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "'/x/set #2';/x/set #2",
                "\"a b\";a b",
                "\"a\\tb\";a\tb",
                "'it''s';it's",
                "'3';3",
                "\"\";``",
                "'null';null",
                "'[1]';[1]",
                "\"\\U0001F600 #\";\ud83d\ude00 #",
            })
    void quotedScalarsAreYaml(String value, String text) {
        Config config = with(value);
        assertThat(config.root().section("a").stringAt("key")).isEqualTo(text);
        config.check();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "null", "~", " null "})
    void emptyAndNullValuesAreNotSet(String value) {
        assertThat(with(value).root().section("a").has("key")).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {"3;3", " 3 ;3", "1e-3;0.001", "-.5;-0.5", "1.0E-4;0.0001", "+2;2", "0.0;0"})
    void numbersAreParsed(String value, double number) {
        Config config = with(value);
        assertThat(config.root().section("a").doubleAt("key")).isEqualTo(number);
        config.check();
    }

    @Test
    void quotedNumberIsText() {
        Config config = with("'3'");
        config.root().section("a").intAt("key");
        assertThatThrownBy(config::check).hasMessageContaining("a.key: expected an integer, got the text '3'");
    }

    @Test
    void listsAndSectionsAreYaml() {
        assertThat(with("[1, 2]").root().section("a").intsAt("key", List.of())).containsExactly(1, 2);
        assertThat(with(" ['a #b', c d] ").root().section("a").stringsAt("key", List.of()))
                .containsExactly("a #b", "c d");
        assertThat(with("{b: {c: 4}}")
                        .root()
                        .section("a")
                        .section("key")
                        .section("b")
                        .intAt("c"))
                .isEqualTo(4);
        assertThat(with("[]").root().section("a").intsAt("key", List.of(1))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "=3", "a..b=3", ".a=3", "a.=3"})
    void optionWithoutAPathIsRejected(String option) {
        assertThatThrownBy(() -> Config.parse("a: 1", "t.yaml", List.of(option)))
                .isInstanceOf(ConfigError.class)
                .hasMessageStartingWith("--set " + option + ": ");
    }

    @Test
    void duplicateKeysOfASectionAreRejected() {
        assertThatThrownBy(() -> with("{b: 1, b: 2}")).isInstanceOf(ConfigError.class);
    }
}
