package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.keras.KerasFile;
import org.vit4j.model.RandomModel;
import org.vit4j.run.RunConfig;

/** The option {@code train --init}. */
@Tag("slow")
class TrainInitTest {
    private static final String[] SMALL = {"model.dim=16", "model.depth=1", "model.heads=2"};

    @TempDir
    Path directory;

    private CommandLineTest.Outcome train(String name, Path init) {
        return CommandLineTest.run(
                "train",
                "digits-vit",
                "--init",
                init.toString(),
                "--run",
                directory.resolve(name).toString(),
                "--set",
                SMALL[0],
                "--set",
                SMALL[1],
                "--set",
                SMALL[2],
                "--set",
                "train.epochs=1",
                "--set",
                "data.validation=0.9",
                "--set",
                "train.optimizer.lr=1e-12",
                "--set",
                "train.schedule={min_lr: 0, warmup_epochs: 0}");
    }

    @Test
    void weightsAreTakenFromAModelWithAnotherNumberOfClasses() throws IOException {
        List<String> overrides = List.of(SMALL[0], SMALL[1], SMALL[2], "model.classes=3");
        Path seven = directory.resolve("three classes {1}.keras");
        RandomModel.write(seven, "three", RunConfig.open("digits-vit", overrides), List.of("a", "b", "c"), 7);
        CommandLineTest.Outcome outcome = train("run", seven);
        assertThat(outcome.code()).as(outcome.err()).isZero();
        try (KerasFile before = KerasFile.read(seven);
                KerasFile after = KerasFile.read(directory.resolve("run/last.keras"))) {
            assertThat(after.shapes().keySet()).isEqualTo(before.shapes().keySet());
            for (String name : after.shapes().keySet()) {
                if (name.startsWith("head"))
                    assertThat(after.values(name).length % 10).isZero();
                else assertThat(after.values(name)).as(name).containsExactly(before.values(name), within(1e-9f));
            }
        }
        assertThat(Files.readString(directory.resolve("run/config.yaml"))).contains("three classes {1}.keras");
    }

    @Test
    void aMissingFileIsReportedInOneLine() {
        CommandLineTest.Outcome outcome = train("run", directory.resolve("none.keras"));
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(outcome.err()).contains("train.init.weights").contains("none.keras");
        assertThat(outcome.err().lines()).hasSize(1);
        assertThat(directory.resolve("run")).doesNotExist();
    }
}
