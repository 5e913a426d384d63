package org.vit4j;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which package may know which, and how long a file may be. */
class LayersTest {
    private static final int LONGEST_FILE = 400;

    private final JavaClasses classes = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("org.vit4j");

    private void only(String layer, String... known) {
        List<String> allowed = Stream.concat(Stream.of(layer), Stream.of(known)).toList();
        String[] forbidden = Stream.of(
                        "config",
                        "graph",
                        "block",
                        "arch",
                        "io",
                        "weights",
                        "engine",
                        "samediff",
                        "onednn",
                        "accelerated",
                        "compute",
                        "keras",
                        "onnx",
                        "data",
                        "eval",
                        "report",
                        "model",
                        "transfer",
                        "train",
                        "bench",
                        "explain",
                        "plot",
                        "distributed",
                        "notebook",
                        "cli")
                .filter(name -> !allowed.contains(name))
                .map(name -> "org.vit4j." + name + "..")
                .toArray(String[]::new);
        noClasses()
                .that()
                .resideInAPackage("org.vit4j." + layer + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(forbidden)
                .check(classes);
    }

    @Test
    void packagesKnowOnlyWhatLiesBelowThem() {
        only("config");
        only("graph");
        only("io");
        only("engine");
        only("block", "graph");
        only("arch", "block", "graph", "config");
        only("weights", "arch", "graph", "config");
        only("samediff", "graph", "engine");
        only("onednn");
        only("accelerated", "onednn", "samediff", "engine", "graph");
        only("compute", "accelerated", "onednn", "samediff", "graph");
        only("keras", "graph", "config", "io");
        only("onnx", "graph", "io");
        only("data", "config", "io");
        only("eval", "data", "samediff");
        only("report", "arch", "config", "data", "eval", "graph", "io");
        only("model", "arch", "compute", "config", "data", "graph", "io", "keras", "samediff");
        only("transfer", "arch", "config", "data", "graph", "keras", "model", "weights");
        only("explain", "arch", "compute", "config", "data", "graph", "io", "model", "report", "samediff");
        only("plot", "graph");
        only(
                "notebook",
                "arch",
                "config",
                "data",
                "eval",
                "explain",
                "graph",
                "io",
                "model",
                "plot",
                "report",
                "train");
        only("bench", "arch", "compute", "config", "data", "engine", "graph", "io", "report", "samediff", "train");
    }

    @Test
    void theNetworkIsDescribedWithoutNativeCode() {
        noClasses()
                .that()
                .resideInAnyPackage("org.vit4j.config..", "org.vit4j.graph..", "org.vit4j.block..", "org.vit4j.arch..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.nd4j..", "org.bytedeco..")
                .check(classes);
    }

    @Test
    void thereAreNoCycles() {
        slices().matching("org.vit4j.(*)..").should().beFreeOfCycles().check(classes);
    }

    @Test
    void filesStayShortEnoughToRead() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                assertThat(Files.readAllLines(file)).as(file.toString()).hasSizeLessThanOrEqualTo(LONGEST_FILE);
            }
        }
    }
}
