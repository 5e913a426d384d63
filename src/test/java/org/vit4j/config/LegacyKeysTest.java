package org.vit4j.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Earlier spellings of keys and values in files, overrides and compared configs. */
class LegacyKeysTest {
    @ParameterizedTest
    @CsvSource({
        "model, flavour, community, flavor, community",
        "train, engine, accelerated, backend, onednn",
        "train, engine, portable, backend, samediff",
        "train, engine, auto, backend, auto",
        "train, backend, portable, backend, samediff",
        "data, on_corrupt, refuse, on_corrupt, fail",
    })
    void earlierSpellingsAreReadAsTheCurrentOnes(String section, String old, String word, String key, String current) {
        String text = section + ": {" + old + ": " + word + "}\n";
        Section read = Config.parse(text, "old.yaml").root().section(section);
        assertThat(read.stringAt(key)).isEqualTo(current);
        read.rejectUnknownKeys();

        Section set = Config.parse("x: 1", "new.yaml", List.of(section + "." + old + "=" + word))
                .root()
                .section(section);
        assertThat(set.stringAt(key)).isEqualTo(current);

        assertThat(Config.values(text, "old.yaml")).isEqualTo(Map.of(section + "." + key, current));
    }

    @Test
    void movedKeyIsReadInItsNewSection() {
        String text = "data: {dataset: digits, threads: 3}\n";
        Section train = Config.parse(text, "old.yaml").root().section("train");
        assertThat(train.intAt("workers", 1)).isEqualTo(3);
        train.rejectUnknownKeys();
        assertThat(Config.values(text, "old.yaml")).isEqualTo(Map.of("data.dataset", "digits", "train.workers", "3"));

        Section set = Config.parse("train: {workers: 2}", "new.yaml", List.of("data.threads=5"))
                .root()
                .section("train");
        assertThat(set.intAt("workers", 1)).isEqualTo(5);

        String both = "data: {threads: 3}\ntrain: {workers: 2}";
        assertThat(Config.values(both, "both.yaml")).isEqualTo(Map.of("data.threads", "3", "train.workers", "2"));
    }

    @ParameterizedTest
    @CsvSource({"model, flavour, community, flavor, official", "train, engine, portable, backend, onednn"})
    void currentKeyOverridesAnEarlierOneOfTheBaseConfig(
            String section, String old, String word, String key, String expected) {
        Section read = Config.parse(
                        section + ": {" + old + ": " + word + "}",
                        "old.yaml",
                        List.of(section + "." + key + "=" + expected))
                .root()
                .section(section);
        assertThat(read.stringAt(key)).isEqualTo(expected);
    }
}
