package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** All options accept the same words for off, which equal a config without the option. */
class OffSwitchesTest {
    @TempDir
    Path directory;

    private static RunConfig read(String... overrides) {
        List<String> all = new ArrayList<>(List.of("data.augment=null", "train.clip=null"));
        all.addAll(List.of(overrides));
        return RunConfig.open("digits-deit", all);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "train.mixup={mixup: 0.8};train.mixup",
                "train.clip=1;train.clip",
                "train.clip={mode: agc};train.clip",
                "train.ema={decay: 0.9};train.ema",
                "train.early_stop={patience: 3};train.early_stop",
                "train.distributed={executors: 2};train.distributed",
                "train.freeze=[head*];train.freeze",
                "train.init={weights: w.pth};train.init",
                "data.augment=[horizontal_flip];data.augment",
                "train.optimizer.lr_base_batch=512;train.optimizer.lr_base_batch",
            })
    void sectionsAndListsCanBeSwitchedOff(String on, String key) {
        String without = read().resolved();
        assertThat(read(on).resolved()).isNotEqualTo(without);
        for (String off : List.of("0", "0.0", "false", "False", "off", "no", "none", "null", "")) {
            assertThat(read(on, key + "=" + off).resolved()).as(key + "=" + off).isEqualTo(without);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "train.mixup={mixup: 0}",
                "train.mixup={cutmix: 0}",
                "train.mixup={mixup: 0, cutmix: 0.0, p: 0.5}",
                "train.mixup={mixup: off, cutmix: false, cutmix_minmax: none}",
                "train.clip={value: 0}",
                "train.clip={mode: agc, value: off}",
                "train.distill={type: none, teacher: t.keras}",
                "train.accumulate=0",
                "train.accumulate=off",
                "data.repeats=0",
                "data.repeats=false",
            })
    void valuesThatSwitchASectionOff(String off) {
        assertThat(read(off).resolved()).isEqualTo(read().resolved());
    }

    @ParameterizedTest
    @CsvSource({
        "train.loss.label_smoothing",
        "train.spike",
        "train.checkpoint_steps",
        "train.schedule.warmup_epochs",
        "train.optimizer.weight_decay",
        "output.log_steps",
    })
    void numbersCanBeSwitchedOff(String key) {
        String zero = read(key + "=0").resolved();
        assertThat(zero)
                .isNotEqualTo(
                        read(key + (key.endsWith("steps") ? "=7" : "=0.7")).resolved());
        for (String off : List.of("false", "off", "none")) {
            assertThat(read(key + "=" + off).resolved()).isEqualTo(zero);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, false", "off, false", "no, false", "False, false", "1, true", "on, true", "yes, true", "True, true"
    })
    void booleansAcceptAllSpellings(String word, boolean on) {
        assertThat(read("train.drop_last=" + word).train().dropLast()).isEqualTo(on);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "train.mixup={};mixup (0.0) or cutmix (0.0) must be positive, or cutmix_minmax given",
                "train.mixup=0.8;expected a section",
                "train.mixup={mixup: -1};mixup (-1.0) must be at least 0",
                "train.mixup={mixup: 0, cutmx: 0};unknown key 'cutmx'",
                "train.clip=-1;must be positive, or 0 for none, got -1.0",
                "train.clip='0';expected a number",
                "train.clip={valu: 0};unknown key 'valu'",
                "train.optimizer.lr=0;lr (0.0) must be positive",
                "train.epochs=0;epochs (0) must be at least 1",
                "train.spike=-1;spike (-1.0) must be at least 0",
                "train.checkpoint_steps=-1;checkpoint_steps (-1) must be at least 0",
                "output.log_steps=-1;log_steps (-1) must be at least 0",
                "output.keep=0;keep (0) must be at least 1",
                "train.drop_last=2;expected true or false, got '2'",
            })
    void invalidValuesAreRejected(String wrong, String message) {
        assertThatThrownBy(() -> read(wrong)).hasMessageContaining(message);
    }

    @Test
    void aConfigSwitchesOffOptionsOfItsBaseConfig() throws Exception {
        Path file = Files.writeString(
                directory.resolve("t.yaml"), "extends: digits-deit\ntrain:\n  clip: 0\n  mixup: off\n");
        assertThat(RunConfig.open(file.toString(), List.of()).train().clip()).isEmpty();
    }
}
