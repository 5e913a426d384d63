package org.vit4j.config;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vit4j.run.RunConfig;

/** Expansion of {@code ~} in paths of configs and of the command line. */
@Tag("slow")
class HomePathsTest {
    @ParameterizedTest
    @CsvSource({
        "~, /home/ada",
        "~/x, /home/ada/x",
        "~//x/, /home/ada/x",
        "~/x y/~, /home/ada/x y/~",
        "~ada/x, ~ada/x",
        "x/~/y, x/~/y",
        "./~, ./~",
        "/x, /x",
        "x~1, x~1",
    })
    void leadingTildeIsTheHomeDirectory(String text, String path) {
        assertThat(UserPath.expand(text, "/home/ada")).isEqualTo(Path.of(path));
    }

    @Test
    void invalidPathIsRejected() {
        assertThatThrownBy(() -> UserPath.of("a\0b"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("is not a path");
    }

    @Test
    void allPathsOfAConfigAreExpanded() {
        RunConfig config = RunConfig.open(
                "digits-deit-distilled",
                List.of(
                        "output.dir=~/runs",
                        "data.dataset=cifar10",
                        "data.path=~/images",
                        "model.image.channels=3",
                        "train.distill.teacher=~/teacher.keras",
                        "train.init.weights=~/weights.pth"));
        Path home = UserPath.of("~");
        assertThat(config.output().dir()).isEqualTo(home.resolve("runs"));
        assertThat(config.data().path()).contains(home.resolve("images"));
        assertThat(config.train().distill().orElseThrow().teacher()).isEqualTo(home.resolve("teacher.keras"));
        assertThat(config.train().init().orElseThrow().weights()).isEqualTo(home.resolve("weights.pth"));
        assertThat(config.resolved()).contains("~/images").doesNotContain(home.resolve("images") + "");
    }

    @Test
    void configsAndBaseConfigsAreFoundInTheHomeDirectory(@TempDir Path directory) throws Exception {
        Path home = UserPath.of("~");
        Path base = Files.writeString(directory.resolve("base.yaml"), "a: 1\n");
        // Path to the temporary directory relative to the home directory.
        String viaHome = "~/" + home.toAbsolutePath().relativize(base.toAbsolutePath());
        Path over = Files.writeString(directory.resolve("over.yaml"), "extends: " + viaHome + "\nb: 2\n");
        assertThat(Config.open(over.toString(), List.of()).root().intAt("a")).isEqualTo(1);
        assertThat(Config.open(viaHome, List.of()).root().intAt("a")).isEqualTo(1);
    }

    @Test
    void commandsConvertPathsWithUserPath() {
        noClasses()
                .that()
                .resideInAPackage("org.vit4j.cli..")
                .should()
                .callMethod(Path.class, "of", String.class, String[].class)
                .because("user input is converted by UserPath.of")
                .check(new ClassFileImporter()
                        .withImportOption(location -> !location.contains("test-classes"))
                        .importPackages("org.vit4j.cli"));
    }
}
