package org.vit4j.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigTest {
    @TempDir
    Path directory;

    private Path file(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }

    private static String messageOf(Config config) {
        try {
            config.finish();
            return "";
        } catch (ConfigError e) {
            return e.getMessage();
        }
    }

    @Test
    void valuesAreTypedAndHaveDefaults() {
        Config config = Config.parse("a: {n: 3, x: 1.5e-3, on: true, word: hello, sizes: [4, 5]}", "t.yaml");
        Section a = config.root().section("a");
        assertThat(a.intAt("n")).isEqualTo(3);
        assertThat(a.doubleAt("x")).isEqualTo(1.5e-3);
        assertThat(a.boolAt("on", false)).isTrue();
        assertThat(a.stringAt("word")).isEqualTo("hello");
        assertThat(a.intsAt("sizes", List.of())).containsExactly(4, 5);
        assertThat(a.intAt("absent", 7)).isEqualTo(7);
        a.rejectUnknownKeys();
        config.finish();
    }

    @Test
    void unknownKeyIsReportedWithFileLinePathAndSuggestion() {
        Config config = Config.parse("model:\n  hedas: 3\n", "configs/vit.yaml");
        Section model = config.root().section("model");
        model.intAt("heads", 4);
        model.rejectUnknownKeys();
        assertThat(messageOf(config))
                .isEqualTo("configs/vit.yaml:2: model: unknown key 'hedas', did you mean 'heads'?");
    }

    @Test
    void allProblemsOfAFileAreReportedTogether() {
        Config config = Config.parse("a: many\nb: '3'\nc: [1]\nd: 2\n", "t.yaml");
        Section root = config.root();
        root.intAt("a", 1);
        root.intAt("b", 1);
        root.boolAt("c", false);
        root.intAt("e");
        assertThat(messageOf(config).lines())
                .containsExactly(
                        "t.yaml:1: a: expected an integer, got 'many'",
                        "t.yaml:2: b: expected an integer, got the text '3'",
                        "t.yaml:3: c: expected true or false, got a list",
                        "t.yaml:1: e: is missing",
                        "t.yaml:4: unknown key 'd'; known: a, b, c, e");
    }

    @Test
    void violatedRuleOfARecordIsReportedWithFileLineAndPath() {
        Config config = Config.parse("a: 1\nmodel:\n  dim: 5\n", "t.yaml");
        config.root().intAt("a");
        Section model = config.root().section("model");
        int dim = model.intAt("dim");
        assertThat(model.build(() -> {
                    throw new IllegalArgumentException("dim (" + dim + ") must be even");
                }))
                .isEmpty();
        assertThat(messageOf(config)).isEqualTo("t.yaml:3: model: dim (5) must be even");
    }

    @Test
    void extendsMergesSectionsAndReplacesLists() throws IOException {
        file("base.yaml", "a: {x: 1, y: 2}\nlist: [1, 2, 3]\n");
        Path child = file("child.yaml", "extends: base\na: {y: 3}\nlist: [9]\n");
        Config config = Config.open(child.toString(), List.of());
        assertThat(config.root().section("a").intAt("x")).isEqualTo(1);
        assertThat(config.root().section("a").intAt("y")).isEqualTo(3);
        assertThat(config.root().intsAt("list", List.of())).containsExactly(9);
    }

    @Test
    void problemInABaseConfigNamesTheBaseFile() throws IOException {
        file("base.yaml", "a: 1\nb: oops\n");
        Path child = file("child.yaml", "extends: base.yaml\na: 2\n");
        Config config = Config.open(child.toString(), List.of());
        config.root().intAt("a");
        config.root().intAt("b");
        assertThat(messageOf(config)).contains("base.yaml:2: b: expected an integer");
    }

    @Test
    void overridesReplaceValuesAndAreNamedInErrors() throws IOException {
        Path file = file("c.yaml", "train: {epochs: 5, lr: 1}\n");
        Config config = Config.open(file.toString(), List.of("train.epochs=3", "train.lr=fast"));
        Section train = config.root().section("train");
        assertThat(train.intAt("epochs")).isEqualTo(3);
        train.doubleAt("lr");
        assertThat(messageOf(config)).isEqualTo("--set train.lr=fast: train.lr: expected a number, got 'fast'");
    }

    @Test
    void resolvedTextParsesToAnEqualConfig() {
        String text = "a: {n: 3, x: 0.001, word: 'yes', sizes: [4, 5]}";
        Config config = Config.parse(text, "t");
        read(config);
        String resolved = config.resolved();
        Config again = Config.parse(resolved, "again");
        read(again);
        assertThat(again.resolved()).isEqualTo(resolved).contains("fallback: 7");
    }

    private static void read(Config config) {
        Section a = config.root().section("a");
        a.intAt("n");
        a.doubleAt("x");
        a.stringAt("word");
        a.intsAt("sizes", List.of());
        a.intAt("fallback", 7);
        a.rejectUnknownKeys();
        config.finish();
    }

    @Test
    void excessiveAliasesNestingAndLoopsAreRejected() {
        StringBuilder aliases = new StringBuilder("a0: &a0 [1, 1, 1, 1]\n");
        for (int i = 1; i < 13; i++) {
            aliases.append(String.format(
                    Locale.ROOT, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d]%n", i, i, i - 1, i - 1, i - 1, i - 1));
        }
        assertThatThrownBy(() -> Config.parse(aliases.toString(), "many"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("many: ");
        assertThatThrownBy(() -> Config.parse("a: " + "[".repeat(200_000), "deep"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("deep: not valid YAML: nested too deeply");
        assertThatThrownBy(() -> Config.parse("a: &a [*a]", "loop"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("loop");
    }

    @Test
    void invalidConfigsAreRejected() throws IOException {
        assertThatThrownBy(() -> Config.open("vit_tiny_patch16_225", List.of()))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("did you mean 'vit_tiny_patch16_224'?");
        assertThatThrownBy(() -> Config.open(directory.toString(), List.of())).hasMessageContaining("is a directory");
        Path loop = file("loop.yaml", "extends: loop.yaml\n");
        assertThatThrownBy(() -> Config.open(loop.toString(), List.of())).hasMessageContaining("extends itself");
        Path other = file("other.yaml", "extends: ./other.yaml\n");
        assertThatThrownBy(() -> Config.open(other.toString(), List.of())).hasMessageContaining("extends itself");
        assertThatThrownBy(() -> Config.parse("{? [a] : b}", "keys")).hasMessage("keys:1: a key must be a word");
        Path twice = file("twice.yaml", "a: 1\na: 2\n");
        assertThatThrownBy(() -> Config.open(twice.toString(), List.of()))
                .hasMessageContaining("twice.yaml:2: duplicate key 'a'");
        Path broken = file("broken.yaml", "a: [1, 2\nb: 3\n");
        assertThatThrownBy(() -> Config.open(broken.toString(), List.of())).hasMessageContaining("not valid YAML");
        assertThatThrownBy(() -> Config.open(twice.toString(), List.of("=3"))).isInstanceOf(ConfigError.class);
    }

    @Test
    void packagedConfigsAreFoundByName() {
        assertThat(Config.open("vit_base_patch16_224", List.of()).name()).isEqualTo("vit_base_patch16_224");
        assertThat(Config.open("digits-vit", List.of()).name()).isEqualTo("digits-vit");
        assertThat(ConfigCatalog.variants()).contains("vit_base_patch16_224");
    }

    @Test
    void suggestionsAreWithinTwoEditsAndASwapIsOneEdit() {
        assertThat(Suggestions.edits("hedas", "heads")).isEqualTo(1);
        assertThat(Suggestions.edits("", "abc")).isEqualTo(3);
        assertThat(Suggestions.nearest("epoch", List.of("epochs", "batch"))).contains("epochs");
        assertThat(Suggestions.nearest("x", List.of("epochs", "lr"))).isEmpty();
    }
}
