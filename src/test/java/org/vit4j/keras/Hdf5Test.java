package org.vit4j.keras;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jhdf.HdfFile;
import io.jhdf.api.Dataset;
import io.jhdf.api.Group;
import io.jhdf.api.Node;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Shape;

/** Checks the writer with an independent HDF5 library. */
class Hdf5Test {
    @TempDir
    private Path folder;

    @Test
    void checksumMatchesThePublishedExamples() { // examples of lookup3.c, driver5()
        assertThat(hash("")).isEqualTo(0xdeadbeef);
        assertThat(hash("Four score and seven years ago")).isEqualTo(0x17770551);
    }

    @Test
    void libraryFindsEveryGroupAndDataset() throws IOException {
        Map<String, float[]> values = Map.of("a/vars/0", new float[] {1, 2, 3, 4, 5, 6}, "a/vars/1", new float[] {7});
        Path file = write(
                new Hdf5Writer()
                        .group("vars")
                        .group("empty/vars")
                        .dataset("a/vars/0", Shape.of(3, 2))
                        .dataset("a/vars/1", Shape.of(1))
                        .group("last"),
                values);
        try (HdfFile hdf = new HdfFile(file)) {
            assertThat(walk(hdf))
                    .containsExactlyInAnyOrder(
                            "/vars/", "/empty/", "/empty/vars/", "/a/", "/a/vars/", "/a/vars/0", "/a/vars/1", "/last/");
            assertThat(hdf.getDatasetByPath("a/vars/0").getData()).isEqualTo(new float[][] {{1, 2}, {3, 4}, {5, 6}});
        }
        try (Hdf5Reader hdf = Hdf5Reader.open(file, "test")) {
            assertThat(hdf.floats("a/vars/1", Shape.of(1))).containsExactly(7);
        }
    }

    /** Allocates no large array: headers are written first, and requesting the first values throws. */
    @Test
    void addressesAboveFourGigabytesAreWritten() {
        Hdf5Writer writer = new Hdf5Writer()
                .dataset("first", Shape.of(30_000, 20_000)) // 2.4 GB each
                .dataset("second", Shape.of(30_000, 20_000))
                .dataset("third", Shape.of(3));
        long size = writer.layOut();
        long large = 30_000L * 20_000 * Float.BYTES;
        assertThat(writer.address("second")).isEqualTo(writer.address("first") + large);
        assertThat(writer.address("third")).isEqualTo(writer.address("first") + 2 * large);
        assertThat(size).isEqualTo(writer.address("third") + 12).isGreaterThan(1L << 32);

        ByteArrayOutputStream headers = new ByteArrayOutputStream();
        assertThatThrownBy(() -> writer.write(headers, path -> {
                    throw new UnsupportedOperationException(path);
                }))
                .hasMessage("first");
        String written = headers.toString(StandardCharsets.ISO_8859_1);
        assertThat(written).contains(little(size)); // the end of the file
        for (String path : List.of("first", "second")) {
            assertThat(written).contains(little(writer.address(path)) + little(large)); // address and length
        }
        assertThat(written).contains(little(writer.address("third")) + little(12));
    }

    /** Little-endian bytes of a number as eight characters. */
    private static String little(long value) {
        byte[] bytes = java.nio.ByteBuffer.allocate(8)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Test
    void aThousandLayersAreReadable() throws IOException {
        Hdf5Writer writer = new Hdf5Writer();
        for (int i = 0; i < 1000; i++) writer.dataset("layers/a_layer_with_a_name_" + i + "/vars/0", Shape.of(2));
        Path file = write(writer, null);
        try (HdfFile hdf = new HdfFile(file)) {
            assertThat(walk(hdf)).hasSize(3001);
        }
    }

    @Test
    void addressesMayExceedTheIntRange() {
        Hdf5Writer writer = new Hdf5Writer();
        for (int i = 0; i < 5; i++) writer.dataset("big/" + i, Shape.of(30_000, 50_000)); // 6 GB each
        writer.dataset("small", Shape.of(3));
        long size = writer.layOut();
        assertThat(writer.address("big/1") - writer.address("big/0")).isEqualTo(6_000_000_000L);
        assertThat(writer.address("small")).isGreaterThan(30_000_000_000L);
        assertThat(size).isEqualTo(writer.address("small") + 12);
    }

    @Test
    void wrongNumberOfValuesIsRejected() {
        Hdf5Writer writer = new Hdf5Writer().dataset("a", Shape.of(2));
        assertThatThrownBy(() -> write(writer, Map.of("a", new float[3]))).hasMessage("a has 3 values for [2]");
    }

    @Test
    void wrongShapesAndMissingDatasetsAreReported() throws IOException {
        Path file = write(new Hdf5Writer().dataset("a/0", Shape.of(2)), null);
        try (Hdf5Reader hdf = Hdf5Reader.open(file, "x.keras")) {
            assertThatThrownBy(() -> hdf.floats("a/0", Shape.of(2, 1)))
                    .isInstanceOf(ConfigError.class)
                    .hasMessage("x.keras: a/0 has shape [2], expected [2, 1]");
            for (String path : List.of("a/1", "a", "a/0/0", "b/0")) {
                assertThatThrownBy(() -> hdf.floats(path, Shape.of(2)))
                        .isInstanceOf(ConfigError.class)
                        .hasMessage("x.keras: missing dataset " + path);
            }
        }
    }

    @Test
    void damagedHeadersAreRejected() throws IOException {
        Path file = write(new Hdf5Writer().dataset("a/0", Shape.of(2)), null);
        byte[] bytes = Files.readAllBytes(file);
        for (int at = 0; at < 60; at++) {
            byte[] flipped = bytes.clone();
            flipped[at] ^= 0x11;
            Files.write(file, flipped);
            assertThatThrownBy(() -> {
                        try (Hdf5Reader hdf = Hdf5Reader.open(file, "x.keras")) {
                            hdf.floats("a/0", Shape.of(2));
                        }
                    })
                    .as("byte %d", at)
                    .isInstanceOf(ConfigError.class);
        }
    }

    private static int hash(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        return Lookup3Hash.hash(bytes, bytes.length);
    }

    /** @param values by dataset, or null for two zeros each */
    private Path write(Hdf5Writer writer, Map<String, float[]> values) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        long size = writer.layOut();
        writer.write(out, path -> values == null ? new float[2] : values.get(path));
        assertThat(out.size()).isEqualTo(size);
        return Files.write(folder.resolve("test.h5"), out.toByteArray());
    }

    private static List<String> walk(Group group) {
        List<String> paths = new ArrayList<>();
        for (Node node : group) {
            if (node instanceof Group child) {
                paths.add(child.getPath());
                paths.addAll(walk(child));
            } else if (node instanceof Dataset dataset) {
                assertThat(dataset.getDataFlat()).isInstanceOf(float[].class);
                paths.add(dataset.getPath());
            }
        }
        return paths;
    }
}
