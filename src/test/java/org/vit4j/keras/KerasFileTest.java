package org.vit4j.keras;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Shape;
import org.vit4j.models.Models;
import org.vit4j.run.RunConfig;

class KerasFileTest {
    private static final Map<String, byte[]> EXTRAS =
            Map.of("labels.json", utf8("[\"cat\"]"), "config.yaml", utf8("a"));

    @TempDir
    private Path folder;

    private Path file;
    private Graph graph;

    @BeforeEach
    void write() throws IOException {
        file = folder.resolve("model.keras");
        graph = vit("official");
        KerasFile.write(file, KerasModel.of(graph, "vit"), weights(graph), EXTRAS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"official", "community"})
    void everyWeightReadsBackBitForBit(String flavor) throws IOException {
        Graph vit = vit(flavor);
        WeightSource weights = weights(vit);
        KerasFile.write(file, KerasModel.of(vit, "vit"), weights, EXTRAS);
        try (KerasFile read = KerasFile.read(file)) {
            read.check(vit);
            assertThat(read.shapes()).hasSameSizeAs(vit.parameters());
            vit.parameters()
                    .forEach(weight -> assertThat(read.values(weight.name()))
                            .as(weight.name())
                            .isEqualTo(weights.values(weight.name())));
            assertThat(read.extras()).containsOnlyKeys("labels.json", "config.yaml");
            assertThat(read.extra("labels.json")).isEqualTo(utf8("[\"cat\"]"));
            assertThat(read.metadata().path("keras_version").asText()).startsWith("3.");
        }
    }

    /** LeViT's tables have an entry for each pair of tokens: 1024 x 1024 in each block here, 9 MB of JSON. */
    @Test
    void largeTablesOfRelativePositionsAreSaved() throws IOException {
        Graph levit = RunConfig.open(
                        "digits-levit",
                        List.of(
                                "model.image.size=256",
                                "model.stem=s8",
                                "model.dim=[8,8]",
                                "model.depth=[2,1]",
                                "model.heads=[1,1]",
                                "model.key_dim=8"))
                .model()
                .graph();
        WeightSource weights = weights(levit);
        KerasFile.write(file, KerasModel.of(levit, "levit"), weights, EXTRAS);
        try (KerasFile read = KerasFile.read(file)) {
            read.check(levit);
            assertThat(read.values("head.linear.bias")).isEqualTo(weights.values("head.linear.bias"));
        }
    }

    @Test
    void equalModelsGiveEqualFiles() throws IOException {
        byte[] first = Files.readAllBytes(file);
        Graph again = vit("official");
        KerasFile.write(file, KerasModel.of(again, "vit"), weights(again), new LinkedHashMap<>(EXTRAS));
        assertThat(Files.readAllBytes(file)).isEqualTo(first);
    }

    @Test
    void failedWritesKeepTheExistingFile() throws IOException {
        byte[] before = Files.readAllBytes(file);
        WeightSource failing = name -> {
            if (name.startsWith("head")) throw new IllegalStateException("no head");
            return weights(graph).values(name);
        };
        assertThatThrownBy(() -> KerasFile.write(file, KerasModel.of(graph, "vit"), failing, EXTRAS))
                .hasMessage("no head");
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void temporaryFilesAreDeleted() throws IOException {
        Set<String> before = extractedFiles(); // of processes that were killed
        KerasFile.read(file).close();
        rewrite("model.weights.h5", bytes -> new byte[bytes.length]);
        assertThatThrownBy(() -> KerasFile.read(file)).isInstanceOf(ConfigError.class);
        assertThat(before).containsAll(extractedFiles());
    }

    private static Set<String> extractedFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.map(path -> path.getFileName().toString())
                    .filter(name -> name.startsWith("vit4j-") && name.endsWith(".h5"))
                    .collect(Collectors.toSet());
        }
    }

    @Test
    void invalidNamesOfAdditionalFilesAreRejected() {
        for (String name : new String[] {"../a", "a/b", "", ".", "..", "weights.json", "a b"}) {
            assertThatThrownBy(() -> KerasFile.write(
                            file, KerasModel.of(graph, "vit"), weights(graph), Map.of(name, new byte[0])))
                    .hasMessage("invalid name of an additional file '" + name + "'");
        }
    }

    @Test
    void weightsOfAnotherNetworkAreRejected() {
        try (KerasFile read = KerasFile.read(file)) {
            Graph wider = new Graph(Init.PYTORCH);
            wider.dense("head", wider.input("image", 32), 11);
            assertThatThrownBy(() -> read.check(wider))
                    .isInstanceOf(ConfigError.class)
                    .hasMessage(file + ": weight 'head.kernel' has shape [32, 10], expected [32, 11]");
            Graph fewer = new Graph(Init.PYTORCH);
            fewer.dense("head", fewer.input("image", 32), 10);
            assertThatThrownBy(() -> read.check(fewer))
                    .hasMessage(file + ": unexpected weight 'blocks.0.attn.k_norm.beta'");
            assertThatThrownBy(() -> read.check(vit("community"))).isInstanceOf(ConfigError.class);
            assertThatThrownBy(() -> read.values("tail"))
                    .isInstanceOf(ConfigError.class)
                    .hasMessage(file + ": missing weight 'tail'");
        }
    }

    @Test
    void filesOfOtherFormatsAreRejected() throws IOException {
        assertThatThrownBy(() -> KerasFile.read(folder.resolve("none.keras")))
                .isInstanceOf(ConfigError.class)
                .hasMessageEndingWith("none.keras: there is no such file");
        assertRejected("not a file", folder);
        Path onnx = Files.writeString(folder.resolve("model.onnx"), "not a zip");
        assertRejected("is an ONNX file; expected a .keras file", onnx);
        Files.write(file, utf8("not a zip"));
        assertRejected("not a zip archive, or truncated", file);
        Files.write(file, new byte[0]);
        assertRejected("not a zip archive, or truncated", file);
        zip(Map.of("readme", new byte[1]));
        assertRejected("not a Keras 3 file; expected entries metadata.json, config.json and model.weights.h5", file);
    }

    @Test
    void truncatedFilesAreRejected() throws IOException {
        byte[] intact = Files.readAllBytes(file);
        for (int length = 0; length < intact.length; length += 997) {
            Files.write(file, java.util.Arrays.copyOf(intact, length));
            assertThatThrownBy(() -> KerasFile.read(file))
                    .as("%d bytes", length)
                    .isInstanceOf(ConfigError.class);
        }
    }

    @Test
    void flippedBitsInWeightsAreDetected() throws IOException {
        byte[] intact = Files.readAllBytes(file);
        for (int at = intact.length / 4; at < intact.length * 3 / 4; at += 4999) {
            byte[] flipped = intact.clone();
            flipped[at] ^= 4;
            Files.write(file, flipped);
            assertRejected("model.weights.h5 is damaged: wrong checksum", file);
        }
    }

    @Test
    void filesSavedAgainByKerasAreRejectedWithAHint() throws IOException {
        Map<String, byte[]> entries = entries();
        entries.keySet().removeIf(name -> name.startsWith("vit4j/"));
        zip(entries);
        assertRejected(
                "missing vit4j/weights.json: the file was not written by vit4j, or was saved again by Keras, which"
                        + " drops this entry; import the latter with: vit4j import --like ORIGINAL.keras",
                file);
    }

    @Test
    void entriesOutsideTheArchiveAreRejected() throws IOException {
        Map<String, byte[]> good = entries();
        for (String name : new String[] {"../evil", "/etc/evil", "a/../../evil", "C:\\evil"}) {
            Map<String, byte[]> entries = new LinkedHashMap<>(good);
            entries.put(name, new byte[1]);
            zip(entries);
            assertRejected("entry '" + name + "' is outside the archive", file);
        }
    }

    @Test
    void oversizedWeightsAreRejected() throws IOException {
        int size = entries().get("model.weights.h5").length;
        rewrite("model.weights.h5", bytes -> java.util.Arrays.copyOf(bytes, 50_000_000));
        assertThatThrownBy(() -> KerasFile.read(file))
                .isInstanceOf(ConfigError.class)
                .hasMessageStartingWith(file + ": model.weights.h5 has 50000000 bytes, expected ");
        assertThat(Files.size(file)).isLessThan(size + 200_000); // it is compressed
    }

    @Test
    void oversizedAdditionalFilesAreRejected() throws IOException {
        Map<String, byte[]> entries = entries();
        entries.put("vit4j/bomb", new byte[70 << 20]);
        zip(entries);
        assertThatThrownBy(() -> KerasFile.read(file))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("vit4j/bomb has 73400320 bytes, expected at most ");
    }

    @Test
    void duplicateEntriesAreRejected() throws IOException {
        Map<String, byte[]> entries = entries();
        entries.put("vit4j/once", new byte[1]);
        entries.put("vit4j/more", new byte[1]);
        zip(entries);
        String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
        Files.writeString(file, bytes.replace("vit4j/more", "vit4j/once"), StandardCharsets.ISO_8859_1);
        assertRejected("duplicate entry 'vit4j/once'", file);
    }

    @Test
    void entriesLongerThanDeclaredAreRejected() throws IOException {
        Map<String, byte[]> entries = entries();
        entries.put("vit4j/bomb", new byte[1_000_000]);
        zip(entries);
        byte[] bytes = Files.readAllBytes(file);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int size = text.lastIndexOf("vit4j/bomb") - 46 + 24; // in the central directory
        java.nio.ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN).putInt(size, 1000);
        Files.write(file, bytes);
        assertRejected("vit4j/bomb is damaged: wrong length", file);
    }

    @Test
    void invalidWeightIndexesAreRejected() throws IOException {
        byte[] index = entries().get("vit4j/weights.json");
        String text = new String(index, StandardCharsets.UTF_8);
        String head = "\"path\":\"layers/dense_8/vars/0\",\"shape\":[32,10]";
        assertThat(text).contains(head);
        Map<String, String> wrong = Map.of(
                text.replace("\"version\":1", "\"version\":9"), "unknown version 9, expected 1",
                text.replace(head, "\"path\":\"layers/dense_8/vars/0\""), "missing shape of a weight",
                text.replace(head, "\"shape\":[32,10]"), "missing 'path'",
                text.replace("[32,10]", "[0,10]"), "shape [0, 10]: every axis must have at least one element",
                text.replace("[32,10]", "[2147483647,2147483647,2147483647]"), "long overflow",
                text.replace("[32,10]", "[3.5]"), "a shape must contain integers, got 3.5");
        for (Map.Entry<String, String> e : wrong.entrySet()) {
            rewrite("vit4j/weights.json", bytes -> utf8(e.getKey()));
            assertRejected("vit4j/weights.json: " + e.getValue(), file);
        }
        rewrite("vit4j/weights.json", bytes -> utf8(text.replace("[32,10]", "[10,32]")));
        try (KerasFile read = KerasFile.read(file)) {
            assertThatThrownBy(() -> read.values("head.kernel"))
                    .hasMessage(
                            file + ": model.weights.h5: layers/dense_8/vars/0 has shape [32, 10], expected [10, 32]");
        }
    }

    @Test
    void invalidJsonIsRejected() throws IOException {
        rewrite("config.json", bytes -> utf8("{"));
        assertRejected("config.json is not valid JSON", file);
        write();
        rewrite("metadata.json", bytes -> utf8("[]"));
        assertRejected("metadata.json is not a JSON object", file);
        write();
        rewrite("vit4j/weights.json", bytes -> utf8("["));
        assertThatThrownBy(() -> KerasFile.read(file))
                .isInstanceOf(ConfigError.class)
                .hasMessageStartingWith(file + ": vit4j/weights.json: not valid JSON: ");
    }

    private void assertRejected(String message, Path path) {
        assertThatThrownBy(() -> KerasFile.read(path))
                .isInstanceOf(ConfigError.class)
                .hasMessage(path + ": " + message);
    }

    private interface Change {
        byte[] of(byte[] bytes);
    }

    private void rewrite(String entry, Change change) throws IOException {
        Map<String, byte[]> entries = entries();
        entries.computeIfPresent(entry, (name, bytes) -> change.of(bytes));
        zip(entries);
    }

    private Map<String, byte[]> entries() throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipFile zip = new ZipFile(file.toFile())) {
            for (ZipEntry entry : zip.stream().toList()) {
                entries.put(entry.getName(), zip.getInputStream(entry).readAllBytes());
            }
        }
        return entries;
    }

    private void zip(Map<String, byte[]> entries) throws IOException {
        try (OutputStream out = Files.newOutputStream(file);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
            }
        }
    }

    private static Graph vit(String flavor) {
        String yaml = String.format(Locale.ROOT, """
                model:
                  {arch: vit, flavor: %s, image: {size: 32}, patch_size: 8, classes: 10, dim: 32, depth: 2,
                   heads: 4, register_tokens: 4, layer_scale: 0.1, qk_norm: true, proj_drop: 0.1}
                """, flavor);
        return Models.builtIn()
                .read(Config.parse(yaml, "test").root().section("model"))
                .orElseThrow()
                .build();
    }

    /** Random values seeded by the parameter's name. */
    private static WeightSource weights(Graph graph) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        graph.parameters().forEach(weight -> shapes.put(weight.name(), weight.shape()));
        return name -> new Init.UniformInit(1).values(shapes.get(name), new SplittableRandom(name.hashCode()));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
