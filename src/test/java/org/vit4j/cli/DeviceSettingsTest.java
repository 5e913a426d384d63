package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vit4j.backend.Backend;
import org.vit4j.backend.TestBackends;

/** Wrong devices, backends and precisions of a training, in builds with and without libtorch: one line, exit code 2. */
class DeviceSettingsTest {
    @TempDir
    Path directory;

    private CommandLineTest.Outcome train(String settings) {
        List<String> words = new ArrayList<>(
                List.of("train", "digits-vit", "--run", directory.resolve("run").toString()));
        for (String setting : settings.split(" "))
            words.addAll(List.of("--set", "train." + setting.replace(",", ", ")));
        return CommandLineTest.run(words.toArray(String[]::new));
    }

    private String refused(String settings) {
        CommandLineTest.Outcome outcome = train(settings);

        assertThat(outcome.code()).as(outcome.err()).isEqualTo(2);
        assertThat(outcome.err().lines()).as(outcome.err()).hasSize(1);
        assertThat(outcome.err()).doesNotContain("Exception");
        assertThat(directory.resolve("run")).doesNotExist();
        return outcome.err();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "device=gpu | expected auto",
                "device=cuda | expected auto",
                "device=cuda: | expected auto",
                "device=cuda:-1 | expected auto",
                "device=cuda:0.5 | expected auto",
                "device=CUDA:0 | expected auto",
                "device=cuda:99999999999 | expected auto",
                "device=0 | device",
                "device={a:1} | device",
                "device=[] | expected a device",
                "device=[cpu,gpu] | expected auto",
                "device=[cpu,cuda:0] | cannot combine cpu and cuda:N",
                "device=[cuda:0,cuda:0] | duplicate device cuda:0",
                "device=[auto,cpu] | auto cannot be one of several devices",
                "device=cuda:99 | train.device cuda:99 is not available: ",
                "device=[cuda:98,cuda:99] | train.device cuda:98,cuda:99 is not available: ",
                "backend=cuda | backend",
                "backend=pytorch | backend",
                "backend=onednn device=cuda:0 | the onednn backend does not compute on cuda:0; use the torch backend",
                "backend=samediff device=[cpu,cpu] | backend samediff computes in one process; use torch",
                "backend=samediff precision=bf16 | train.precision bf16 is not available: ",
                "precision=fp16 | precision",
                "precision=tf32 | train.precision tf32 is not available: ",
                "device=cpu precision=tf32 | train.precision tf32 is not available: ",
            })
    void wrongSettingsAreOneLine(String settings, String expected) {
        assertThat(refused(settings)).contains(expected.strip());
    }

    @Test
    void settingsThatNeedLibtorchNameTheBuild() {
        boolean there = TestBackends.available().contains(Backend.TORCH);
        if (there) {
            for (String settings : List.of("backend=torch precision=tf32", "device=[cpu,cpu] precision=tf32"))
                assertThat(refused(settings)).contains("train.precision tf32 is not available: ");
            return;
        }
        String build = "this build has no libtorch; build one with 'mvn -Ptorch -DskipTests package' (docs/cuda.md)";
        assertThat(refused("device=[cpu,cpu]"))
                .isEqualTo("vit4j: train.device cpu,cpu is not available: " + build + "\n");
        assertThat(refused("backend=torch")).contains("train.backend torch is not available: " + build);
        assertThat(refused("device=cuda:0")).contains(build.replace("-Ptorch", "-Ptorch,torch-cuda"));
        assertThat(refused("device=[cuda:0,cuda:1]")).contains(build.replace("-Ptorch", "-Ptorch,torch-cuda"));
    }
}
