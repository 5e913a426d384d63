package org.vit4j.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffInference;
import org.vit4j.checkpoint.CheckpointLayout;
import org.vit4j.checkpoint.Npy;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.export.SameDiffExport;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;

/** One golden per architecture and flavor, loaded by ND4J in a process without vit4j. */
class SameDiffExportTest {
    /** Limit of the largest difference over the largest logit. */
    private static final double LIMIT = 1e-6;

    @TempDir
    Path directory;

    @Test
    @SuppressWarnings("SystemOut")
    void plainSameDiffGivesTheSameLogits() throws Exception {
        List<String> names =
                KerasGoldenTest.cases().filter(name -> name.endsWith("_1")).toList();
        assertThat(names).hasSize(21); // eleven architectures in two flavors; ViTAE has one
        Map<String, INDArray> expected = new LinkedHashMap<>();
        List<String> arguments = new ArrayList<>();
        for (String name : names) {
            expected.put(name, export(name));
            for (String suffix : List.of(".fb", ".images.npy", ".npy")) arguments.add(file(name + suffix));
        }
        run(arguments);
        for (String name : names) {
            SafeTensors.NamedValues logits = Npy.read(Path.of(file(name + ".npy")));
            INDArray actual = Nd4j.createFromArray(logits.values())
                    .reshape(Arrays.stream(logits.shape()).asLongStream().toArray());
            assertThat(actual.shape()).isEqualTo(expected.get(name).shape());
            double error = Compare.largest(actual, expected.get(name));
            System.out.printf(Locale.ROOT, "%-16s %8.1e%n", name, error);
            assertThat(error).as(name).isLessThan(LIMIT);
        }
    }

    /** Writes model and images; returns the logits computed by vit4j. */
    private INDArray export(String name) throws IOException {
        GoldenCase golden = GoldenCase.read(GoldenTest.directory().resolve(name));
        GoldenGraph built = GoldenConfigs.build(golden);
        Graph graph = built.graph();
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        for (Parameter weight : graph.parameters()) {
            CheckpointLayout layout = CheckpointLayout.of(weight, built.keys());
            SafeTensors.NamedValues array = golden.weights().get(layout.key());
            parameters.set(weight.name(), layout.toModel(array.shape(), array.values()));
        }
        SameDiffExport.write(graph, parameters, Path.of(file(name + ".fb")));
        INDArray images = golden.inGraphLayout("input", graph.tensor("image").shape());
        Nd4j.writeAsNumpy(images, new File(file(name + ".images.npy")));
        try (Inference inference = new SameDiffInference(graph, parameters)) {
            return inference.logits(images);
        }
    }

    private String file(String name) {
        return directory.resolve(name).toString();
    }

    private void run(List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                libraries(),
                "src/test/java/org/vit4j/examples/PlainSameDiff.java"));
        command.addAll(arguments);
        File log = directory.resolve("log.txt").toFile();
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log)
                .start();
        int code = process.waitFor();
        assertThat(code).as(Files.readString(log.toPath())).isZero();
    }

    /** Returns the jars of the class path; classes of vit4j are in directories. */
    private static String libraries() {
        String all = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return Arrays.stream(all.split(File.pathSeparator))
                .filter(entry -> entry.endsWith(".jar"))
                .collect(Collectors.joining(File.pathSeparator));
    }
}
