package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vit4j.config.ConfigError;

/** Mistakes in configs: each gives one line with file, line, key, value and what to change. */
class ConfigMistakesTest {
    private static final String CONFIG = """
            model: {arch: vit, image: {size: 32, channels: 1}, classes: 10, dim: 64, depth: 2, heads: 4, patch_size: 8}
            data: {dataset: digits}
            train:
              epochs: 2
              batch: 32
              optimizer: {name: adamw, lr: 1.0e-3}
            """;

    @TempDir
    Path directory;

    private void rejected(String text, String message) throws IOException {
        Path file = directory.resolve("c.yaml");
        Files.writeString(file, text);
        assertThatThrownBy(() -> RunConfig.open(file.toString(), List.of()))
                .isInstanceOf(ConfigError.class)
                .hasMessage(file + message);
    }

    @Test
    void aMisspelledKeyIsSuggested() throws IOException {
        rejected(CONFIG.replace("depth", "deph"), ":1: model: unknown key 'deph', did you mean 'depth'?");
        rejected(CONFIG.replace("train:", "trian:"), ":3: unknown key 'trian', did you mean 'train'?");
        rejected(
                CONFIG.replace("lr: 1.0e-3", "lr: 1e-3, momentum: 0.9"),
                ":6: train.optimizer: unknown key 'momentum'; known: betas, eps, groups, layer_decay, lr, lr_base_batch,"
                        + " lr_base_scale, name, weight_decay");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    lr: 0.1                        | train: unknown key 'lr', did you mean 'train.optimizer.lr'?
                    class_weights: balanced        | train: unknown key 'class_weights', did you mean 'train.loss.class_weights'?
                    loss: {class_weights: balance} | train.loss.class_weights: unknown value 'balance', did you mean 'balanced'?
                    loss: {class_weights: equal}   | train.loss.class_weights: unknown value 'equal'; expected balanced, one weight per class, or weights by class name
                    loss: {class_weights: []}      | train.loss.class_weights: expected balanced, one weight per class, or weights by class name, got an empty list
                    loss: {class_weights: 3}       | train.loss.class_weights: 1 weight for 10 classes; expected balanced, one weight per class, or weights by class name
                    loss: bce                      | train.loss: expected a section (keys below it), got 'bce'; did you mean {name: bce}?
                    schedule: cosine               | train.schedule: expected a section (keys below it), got 'cosine'; did you mean {name: cosine}?
                    early_stop: 10                 | train.early_stop: expected a section (keys below it), got '10'; did you mean {patience: 10}?
                    best: accuracy                 | train.best: expected a section (keys below it), got 'accuracy'; did you mean {metric: accuracy}?
                    mixup: [1]                     | train.mixup: expected a section (keys below it), got a list; its keys: cutmix, cutmix_minmax, mixup, mode, off_epoch, p, switch
                    loss: {label_smoothing: 10%}   | train.loss.label_smoothing: expected a number, got '10%'
                    loss: {label_smoothing: 0,1}   | train.loss: unknown key '1'; a number has a decimal point, not a comma
                    clip: 1f                       | train.clip: expected a number, got '1f'
                    clip: .inf                     | train.clip: expected a finite number, got '.inf'
                    seed: 1e3                      | train.seed: expected an integer, got '1e3'
                    accumulate: 3000000000         | train.accumulate: expected an integer of at most 2147483647, got '3000000000'
                    val_batch: [1, 2]              | train.val_batch: expected an integer, got a list
                    workers: -1                    | train: workers (-1) must be in [1, 1024]
                    batch: 64                      | duplicate key 'batch'; first at FILE:5
                    """)
    void aWrongLineOfTheTrainSectionNamesKeyAndFix(String line, String message) throws IOException {
        String file = directory.resolve("c.yaml").toString();
        rejected(CONFIG + "  " + line + "\n", ":7: " + message.replace("FILE", file));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    epochs 2      | :5: not valid YAML: mapping values are not allowed here; check the indentation of this line, and that the key of the line before is followed by ': ' (with a space)
                    epochs: *e    | :4: not valid YAML: found undefined alias e; the anchor (&name) must be defined before
                    epochs: @2    | :4: not valid YAML: found character '@' that cannot start any token; put the value in quotes
                    epochs:TAB2   | :4: not valid YAML: found character '\\t(TAB)' that cannot start any token; use spaces instead of the tab
                    epochs: 'two  | :7: not valid YAML: found unexpected end of stream; a quote is not closed
                    epochs: {a: 1 | :5: not valid YAML: expected ',' or '}', but got :; a bracket is not closed, or a comma is missing
                    """)
    void invalidYamlNamesTheFix(String line, String message) throws IOException {
        rejected(CONFIG.replace("epochs: 2", line.replace("TAB", "\t")), message);
    }

    @Test
    void filesThatAreNotConfigsAreRejected() throws IOException {
        rejected("", ":1: model.arch: is missing");
        rejected("- a\n", ":1: expected keys such as 'model:'");
        rejected(CONFIG + "---\n" + CONFIG, ":7: not valid YAML: but found another document; remove the line ---");
        Path model = Files.createFile(directory.resolve("model.keras"));
        assertThatThrownBy(() -> RunConfig.open(model.toString(), List.of()))
                .isInstanceOf(ConfigError.class)
                .hasMessage(model + ": is a saved model; expected a YAML file or the name of a config");
        Path latin = directory.resolve("latin.yaml");
        Files.write(latin, "a: \u00ef\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> RunConfig.open(latin.toString(), List.of()))
                .isInstanceOf(ConfigError.class)
                .hasMessage(latin + ": is not UTF-8 text; save it in that encoding");
    }

    @Test
    void aNumberInDecimalNotationIsStillRead() {
        RunConfig config = RunConfig.open("digits-vit", List.of("train.clip=+.5e0", "train.seed=-9223372036854775808"));
        assertThat(config.train().seed()).isEqualTo(Long.MIN_VALUE);
        assertThat(config.train().clip().orElseThrow().value()).isEqualTo(0.5);
    }
}
