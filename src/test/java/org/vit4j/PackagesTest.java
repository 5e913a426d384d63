package org.vit4j;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Package dependencies (an allow list for every package), cycles, and file lengths. */
class PackagesTest {
    private static final int LONGEST_FILE = 400;
    private static final String ROOT = "org.vit4j";

    /** Packages of vit4j that a package may depend on. A package that is missing here fails the test. */
    private static final Map<String, Set<String>> ALLOWED = Map.ofEntries(
            allow("", "cli", "machine"),
            allow("config", "io"),
            allow("graph"),
            allow("graph.analysis", "graph"),
            allow("io"),
            allow("machine"),
            allow("layers", "config", "graph"),
            allow("models", "config", "graph", "layers", "models.community"),
            allow("models.community", "config", "graph", "layers", "models"),
            allow("checkpoint.names", "layers", "models", "models.community"),
            allow("backend", "backend.onednn", "backend.samediff", "config", "graph", "machine"),
            allow("backend.samediff", "backend", "graph", "machine"),
            allow("backend.onednn", "backend", "backend.samediff", "graph", "graph.analysis", "machine"),
            allow("backend.torch", "backend", "backend.samediff", "graph", "machine"),
            allow("data", "config", "data.datasets", "data.image", "data.random", "data.shards", "data.transforms"),
            allow("data.shards", "config", "data.datasets", "data.image", "io", "parquet"),
            allow("parquet", "io"),
            allow("data.image", "config", "io", "machine"),
            allow("optim", "backend", "config", "graph", "graph.analysis", "metrics"),
            allow("metrics", "backend", "config", "data", "io"),
            allow("keras", "config", "graph", "io"),
            allow("onnx", "graph", "io"),
            allow("plot", "graph", "graph.analysis"),
            allow("model", "backend", "config", "data", "data.image", "graph", "io", "keras", "machine", "models"),
            allow(
                    "checkpoint",
                    "backend",
                    "checkpoint.names",
                    "config",
                    "data.image",
                    "data.transforms",
                    "graph",
                    "graph.analysis",
                    "io",
                    "keras",
                    "model",
                    "models"),
            allow("report", "config", "data", "data.image", "graph", "io", "metrics", "models"),
            allow(
                    "explain",
                    "backend",
                    "config",
                    "data",
                    "data.image",
                    "graph",
                    "graph.analysis",
                    "io",
                    "model",
                    "models",
                    "report"),
            allow(
                    "export",
                    "backend",
                    "backend.samediff",
                    "checkpoint",
                    "checkpoint.names",
                    "config",
                    "data",
                    "graph",
                    "io",
                    "model",
                    "models",
                    "onnx"),
            allow(
                    "train",
                    "backend",
                    "checkpoint",
                    "config",
                    "data",
                    "data.datasets",
                    "data.image",
                    "data.transforms",
                    "graph",
                    "graph.analysis",
                    "io",
                    "machine",
                    "metrics",
                    "model",
                    "models",
                    "optim"),
            allow(
                    "bench",
                    "backend",
                    "backend.samediff",
                    "config",
                    "data",
                    "data.datasets",
                    "data.image",
                    "data.transforms",
                    "graph",
                    "io",
                    "machine",
                    "model",
                    "models",
                    "onnx",
                    "optim",
                    "report",
                    "run",
                    "train"),
            allow(
                    "notebook",
                    "config",
                    "data.datasets",
                    "data.image",
                    "explain",
                    "graph",
                    "io",
                    "machine",
                    "metrics",
                    "model",
                    "models",
                    "plot",
                    "report",
                    "run",
                    "train"),
            allow("distributed", "config", "data", "data.datasets", "data.image", "io", "model", "run", "train"),
            allow(
                    "cli",
                    "",
                    "backend",
                    "bench",
                    "checkpoint",
                    "config",
                    "data",
                    "data.datasets",
                    "data.image",
                    "data.shards",
                    "data.transforms",
                    "explain",
                    "export",
                    "graph",
                    "io",
                    "machine",
                    "metrics",
                    "model",
                    "models",
                    "onnx",
                    "parquet",
                    "plot",
                    "report",
                    "run",
                    "train"),
            allow("data.datasets", "config", "data.image", "data.random", "io"),
            allow("data.transforms", "config", "data.image", "data.random"),
            allow("data.random"),
            allow(
                    "run",
                    "backend",
                    "checkpoint",
                    "checkpoint.names",
                    "config",
                    "data",
                    "data.datasets",
                    "data.image",
                    "data.shards",
                    "data.transforms",
                    "graph",
                    "graph.analysis",
                    "io",
                    "keras",
                    "machine",
                    "metrics",
                    "model",
                    "models",
                    "optim",
                    "report",
                    "tracking",
                    "train"),
            allow("tracking", "config", "io", "metrics", "train"),
            allow("dl4j", "backend", "backend.samediff", "graph", "machine", "model", "models"));

    private final JavaClasses classes = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    private static Map.Entry<String, Set<String>> allow(String layer, String... others) {
        return Map.entry(layer, Set.of(others));
    }

    private static String name(JavaClass type) {
        String full = type.getPackageName();
        return full.equals(ROOT) ? "" : full.substring(ROOT.length() + 1);
    }

    @Test
    void everyPackageDependsOnlyOnThoseInTheAllowList() {
        Map<String, Set<String>> found = new TreeMap<>();
        for (JavaClass type : classes) {
            Set<String> others = found.computeIfAbsent(name(type), ignored -> new TreeSet<>());
            type.getDirectDependenciesFromSelf().stream()
                    .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                    .filter(target -> target.getPackageName().startsWith(ROOT))
                    .map(PackagesTest::name)
                    .filter(other -> !other.equals(name(type)))
                    .forEach(others::add);
        }
        assertThat(ALLOWED.keySet()).as("packages in the allow list").containsAll(found.keySet());
        Map<String, Set<String>> violations = new TreeMap<>();
        found.forEach((layer, others) -> {
            Set<String> unexpected = new TreeSet<>(others);
            unexpected.removeAll(ALLOWED.getOrDefault(layer, Set.of()));
            if (!unexpected.isEmpty()) violations.put(layer, unexpected);
        });
        assertThat(violations).as("dependencies outside the allow list").isEmpty();
    }

    @Test
    void modelsAreDescribedWithoutNativeCode() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "org.vit4j.config..", "org.vit4j.graph..", "org.vit4j.layers..", "org.vit4j.models..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.nd4j..", "org.bytedeco..")
                .check(classes);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("org.vit4j.(*)..").should().beFreeOfCycles().check(classes);
    }

    @Test
    void filesAreShortEnoughToRead() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                assertThat(Files.readAllLines(file)).as(file.toString()).hasSizeLessThanOrEqualTo(LONGEST_FILE);
            }
        }
    }
}
