package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Options and errors of backends and devices; they are checked before any file is read. */
class BackendOptionsTest {
    private static CommandLineTest.Outcome run(String command, String... options) {
        List<String> words = new ArrayList<>(List.of(command, "missing.keras"));
        if (command.equals("predict") || command.equals("explain"))
            words.add(Path.of(".").toString());
        if (command.equals("explain")) words.addAll(List.of("-o", "explained"));
        if (command.equals("eval")) words.addAll(List.of("--data", "digits-vit"));
        words.addAll(List.of(options));
        return CommandLineTest.run(words.toArray(String[]::new));
    }

    @ParameterizedTest
    @ValueSource(strings = {"predict", "eval", "explain"})
    void aGpuThatCannotBeUsedIsOneLineThatNamesTheOption(String command) {
        CommandLineTest.Outcome outcome = run(command, "--device", "cuda:99");
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(outcome.err().lines()).hasSize(1);
        assertThat(outcome.err())
                .startsWith("vit4j: --device cuda:99 is not available: ")
                .doesNotContain("samediff", "train.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"predict", "eval", "explain"})
    void optionsAreCheckedByTheirWords(String command) {
        assertThat(run(command, "--device", "gpu").err())
                .isEqualTo("vit4j: --device gpu: expected auto, cpu or cuda:N, got 'gpu'\n");
        assertThat(run(command, "--backend", "tensorflow").err())
                .isEqualTo("vit4j: --backend tensorflow: expected one of auto, onednn, samediff, torch\n");
        assertThat(run(command, "--backend", "samediff", "--device", "cuda:0").err())
                .isEqualTo("vit4j: --device cuda:0: the samediff backend does not compute on cuda:0; use the torch"
                        + " backend\n");
        assertThat(run(command, "--backend", "samediff", "--precision", "bf16").err())
                .isEqualTo("vit4j: --precision bf16 is not available: the SameDiff backend computes in fp32 only; use"
                        + " fp32\n");
    }
}
