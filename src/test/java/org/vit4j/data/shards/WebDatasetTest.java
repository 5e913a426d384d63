package org.vit4j.data.shards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.vit4j.data.shards.TestShards.png;
import static org.vit4j.data.shards.TestShards.samples;
import static org.vit4j.data.shards.TestShards.tar;
import static org.vit4j.data.shards.TestShards.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.data.DataConfig;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.DatasetSplits;

/** Tar files of ordinary and of damaged content. */
class WebDatasetTest {
    private static final int BLOCK = 512;

    @TempDir
    Path dir;

    private DataConfig config(String keys) {
        Config config = Config.parse(
                "data: {dataset: webdataset, path: '" + dir + "'" + (keys.isEmpty() ? "" : ", " + keys) + "}",
                "a.yaml");
        var data = DataConfig.read(config.root().section("data"), 8, 8, 1);
        config.finish();
        Config again = Config.parse(config.resolved(), "again.yaml");
        assertThat(DataConfig.read(again.root().section("data"), 8, 8, 1)).isEqualTo(data);
        return data.orElseThrow();
    }

    private static Map<String, byte[]> members(Object... namesAndTexts) {
        Map<String, byte[]> members = new LinkedHashMap<>();
        for (int i = 0; i < namesAndTexts.length; i += 2) {
            Object content = namesAndTexts[i + 1];
            members.put((String) namesAndTexts[i], content instanceof byte[] b ? b : text((String) content));
        }
        return members;
    }

    private void refused(Map<String, byte[]> train, String message) {
        refused(train, "", message);
    }

    private void refused(Map<String, byte[]> train, String keys, String message) {
        tar(dir.resolve("train.tar"), train);
        tar(dir.resolve("val.tar"), samples(0, 2));
        refused(keys, message);
    }

    private void refused(String keys, String message) {
        assertThatThrownBy(() -> config(keys).open())
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    private static ShardConfig columns(String image, String label) {
        return new ShardConfig(List.of(), List.of(), 10, Optional.ofNullable(image), Optional.ofNullable(label));
    }

    @Test
    void imagesAndLabelsAreThoseOfTheSamples() {
        TestShards.tars(dir, 5, 7, 4);
        DatasetSplits split = TestShards.open(ShardFormat.WEBDATASET, dir, ShardConfig.DEFAULTS);
        Dataset train = split.train();
        assertThat(train.size()).isEqualTo(11);
        assertThat(split.validation().size()).isEqualTo(5);
        assertThat(train.shards().orElseThrow().sizes()).containsExactly(7, 4);
        assertThat(train.name(7)).isEqualTo(dir.resolve("train-1.tar") + "/00012.png");
        for (int i = 0; i < 11; i++) {
            assertThat(train.label(i)).isEqualTo(TestShards.label(5 + i));
            assertThat(train.image(i).pixels())
                    .isEqualTo(org.vit4j.data.datasets.Digits.all().image(5 + i).pixels());
        }
    }

    @Test
    void membersThatAreNoSamplesAreIgnored() {
        String deep = "a/".repeat(80) + "x"; // a long name of GNU tar
        tar(
                dir.resolve("train.tar"),
                members(
                        "__meta__.json",
                        "{}",
                        "__meta__/sample.png",
                        png(5),
                        "a/",
                        "",
                        "README",
                        "text",
                        ".hidden.png",
                        "x",
                        deep + ".PNG",
                        png(3),
                        deep + ".cls",
                        "1",
                        "b/y.cls",
                        " 0 \r\n",
                        "b/y.png",
                        png(4),
                        "b/y.txt",
                        "caption",
                        "__label__0.png",
                        png(5),
                        "__label__0.cls",
                        "1"));
        tar(dir.resolve("val.tar"), samples(1, 2));
        DatasetSplits split = TestShards.open(ShardFormat.WEBDATASET, dir, ShardConfig.DEFAULTS);
        assertThat(split.train().size()).isEqualTo(3);
        assertThat(split.train().name(0)).endsWith("x.PNG");
        assertThat(split.train().name(2)).endsWith("__label__0.png");
        assertThat(split.train().label(1)).isZero();
    }

    @Test
    void labelsComeFromNamesJsonAndClassMaps() throws IOException {
        for (String name : List.of("train", "val"))
            tar(
                    dir.resolve(name + ".tar"),
                    members(
                            "1.seg.png",
                            png(0),
                            "1.png",
                            png(1),
                            "1.json",
                            "{\"a\": {\"b\": 1}, \"word\": \"cat\"}",
                            "2.seg.png",
                            png(2),
                            "2.png",
                            png(3),
                            "2.json",
                            "{\"a\": {\"b\": 0}, \"word\": \"dog\"}"));
        Dataset numbers = TestShards.open(ShardFormat.WEBDATASET, dir, columns(null, "json.a.b"))
                .train();
        assertThat(List.of(numbers.label(0), numbers.label(1))).containsExactly(1, 0);
        assertThat(numbers.classes()).containsExactly("0", "1");
        Dataset words = TestShards.open(ShardFormat.WEBDATASET, dir, columns("seg.png", "json.word"))
                .train();
        assertThat(words.classes()).containsExactly("cat", "dog");
        assertThat(words.name(1)).endsWith("/2.seg.png");
        Path map = Files.writeString(dir.resolve("map.txt"), "dog\nfish\ncat\n");
        Dataset mapped = config("label_column: json.word, class_map: '" + map + "'")
                .open()
                .train();
        assertThat(List.of(mapped.label(0), mapped.label(1))).containsExactly(2, 0);
        Dataset named = config("label_column: json.a.b, class_map: '" + map + "'")
                .open()
                .train();
        assertThat(named.classes().get(named.label(0))).isEqualTo("fish");
        refused("label_column: json.wrod", "1.json, did you mean 'word'?");
        refused("label_column: json.a", "has {\"b\":1} as the label in 1.json");
    }

    @Test
    void labelsOfAnInfoFileAreInTheJsonOfTheSamples() throws IOException {
        Map<String, byte[]> samples = new LinkedHashMap<>();
        for (int i = 0; i < 4; i++) {
            samples.put(i + ".json", text("{\"label\": " + (3 - i) + "}"));
            samples.put(i + ".png", TestShards.png(i));
        }
        tar(dir.resolve("a.tar"), samples);
        Files.writeString(
                dir.resolve("_info.json"),
                "{\"splits\": {\"train\": {\"filenames\": [\"a.tar\"], \"shard_lengths\": [5]},"
                        + " \"test\": {\"filenames\": [\"a.tar\"], \"alt_label\": \"label\"}}}");
        DatasetSplits split = config("").open();
        assertThat(List.of(split.train().label(0), split.validation().label(3))).isEqualTo(List.of(3, 0));
        refused("label_column: json.lable", "has no 'lable' in 0.json");
    }

    @Test
    void shareIsHeldOutOfTrainingShards() throws IOException {
        TestShards.tars(dir, 1, 40, 60);
        Files.delete(dir.resolve("val-0.tar"));
        DatasetSplits split = config("val_share: 0.2").open();
        assertThat(split.train().size() + split.validation().size()).isEqualTo(100);
        assertThat(split.validation().size()).isBetween(15, 25);
        assertThat(split.train().shards().orElseThrow().sizes().stream()
                        .mapToInt(n -> n)
                        .sum())
                .isEqualTo(split.train().size());
        assertThat(split.train().name(0)).isNotEqualTo(split.validation().name(0));
    }

    @Test
    void corruptImagesAreNamedOrReplacedByOneOfTheirClass() throws IOException {
        Map<String, byte[]> train = samples(0, 30);
        train.put("00010.png", Arrays.copyOf(png(10), 50));
        tar(dir.resolve("train.tar"), train);
        tar(dir.resolve("val.tar"), samples(0, 2));
        assertThatThrownBy(() -> config("").open().train().image(10))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("train.tar/00010.png: is truncated or corrupt");
        Dataset skipping = config("on_corrupt: skip").open().train();
        assertThat(skipping.image(10).pixels()).isEqualTo(skipping.image(20).pixels());
        assertThat(skipping.label(20)).isEqualTo(skipping.label(10));
    }

    @Test
    void incompleteSamplesAreRejected() {
        refused(
                members("1.png", png(1), "2.png", png(2), "2.cls", "1"),
                "train.tar: sample '1' has no .cls (it has .png);"
                        + " expected the number or the name of its class in 1.cls");
        refused(members("1.cls", "1"), "sample '1' has no image (it has .cls); expected one such as .jpg");
        refused(
                members("1.cls", "1", "1.jpg", png(1), "1.png", png(1)),
                "sample '1' has several images (.cls, .jpg, .png);" + " set data.image_column");
        refused(members("1.cls", "", "1.png", png(1)), "sample '1' has an empty label in 1.cls");
        refused(members("1.png", png(1), "2.png", png(1), "1.cls", "1"), "sample '1' has no .cls");
        refused(
                members("1.png", png(1), "1.cls", "0", "2.cls", "1", "2.png", png(1), "1.txt", "x"),
                "the files of sample '1' are not next to each other; write the shard sorted by name");
        refused(members("README.md", "x"), "sample 'README' has no image");
        refused(members("README", "x"), "train.tar: has no samples; remove it");
        refused(samples(0, 3), "image_column: jpeg", "sample '00000' has no .jpeg; known: cls, png");
        refused(samples(0, 3), "label_column: clss", "has no .clss (it has .cls, .png), did you mean 'cls'?");
    }

    @Test
    void labelsOutsideOfTheClassesAreRejected() throws IOException {
        tar(dir.resolve("train.tar"), members("1.png", png(1), "1.cls", "1", "2.png", png(1), "2.cls", "0"));
        tar(dir.resolve("val.tar"), members("7.png", png(1), "7.cls", "2"));
        refused("", "val.tar/7.png: label 2 is out of range; there are 2 classes in training, 0 to 1");
        Path map = Files.writeString(dir.resolve("map.txt"), "cat\n");
        refused(
                "class_map: '" + map + "'",
                "train.tar/1.png: label 1 is out of range; there are 1 classes in data.class_map");
        tar(dir.resolve("val.tar"), members("7.png", png(1), "7.cls", "cat"));
        refused("", "val.tar: labels are names; expected numbers as in the other files");
        tar(dir.resolve("train.tar"), members("1.png", png(1), "1.cls", "cat"));
        tar(dir.resolve("val.tar"), members("7.png", png(1), "7.cls", "cot"));
        refused("", "val.tar/7.png: no class 'cot' in training, did you mean 'cat'?");
        tar(dir.resolve("train.tar"), members("1.png", png(1), "1.cls", "-1"));
        refused("", "-1 marks images without a label");
    }

    /** One label that is no index makes all labels of a file names. */
    @Test
    void aFileOfOtherLabelsIsRejectedWithTheLabelThatMakesThemNames() throws IOException {
        tar(dir.resolve("train.tar"), members("1.png", png(1), "1.cls", "1", "2.png", png(1), "2.cls", "2000000000"));
        tar(dir.resolve("val.tar"), members("7.png", png(1), "7.cls", "1"));
        refused("", "val.tar: labels are numbers; expected names as in the other files ('2000000000' of");
        refused("", "train.tar/2.png is a name)");
    }

    @Test
    void byteOrderMarksAreNotPartOfALabel() throws IOException {
        tar(dir.resolve("train.tar"), members("1.png", png(1), "1.cls", "\uFEFFcat", "2.png", png(1), "2.cls", "dog"));
        tar(dir.resolve("val.tar"), members("7.png", png(1), "7.cls", "cat"));
        assertThat(config("").open().train().classes()).containsExactly("cat", "dog");
    }

    @Test
    void labelsInBothUnicodeFormsAreOneClass() throws IOException {
        String composed = "caf\u00e9";
        String decomposed = "cafe\u0301";
        tar(
                dir.resolve("train.tar"),
                members("1.png", png(1), "1.cls", composed, "2.png", png(1), "2.cls", decomposed));
        tar(dir.resolve("val.tar"), members("7.png", png(1), "7.cls", decomposed));
        assertThat(config("").open().train().classes()).containsExactly(composed);
        Path map = Files.writeString(dir.resolve("map.txt"), "zoo\n" + decomposed + "\n");
        DatasetSplits mapped = config("class_map: " + map).open();
        assertThat(mapped.train().label(0)).isEqualTo(1);
        assertThat(mapped.validation().label(0)).isEqualTo(1);
    }

    @Test
    void damagedFilesAreRejected() throws IOException {
        tar(dir.resolve("val.tar"), samples(0, 2));
        Path train = tar(dir.resolve("train.tar"), samples(0, 4));
        byte[] whole = Files.readAllBytes(train);
        int content = 16 * BLOCK; // four samples of two members of one block, with their headers
        damaged(train, Arrays.copyOf(whole, content - 100), "is truncated");
        damaged(train, Arrays.copyOf(whole, content - 600), "truncated");
        damaged(train, Arrays.copyOf(whole, content - 1100), "truncated");
        damaged(train, Arrays.copyOf(whole, content), "ends without the marker of its end");
        byte[] twice = Arrays.copyOf(whole, 2 * whole.length);
        System.arraycopy(whole, 0, twice, whole.length, whole.length);
        damaged(train, twice, "has data after the marker of its end");
        byte[] flipped = whole.clone();
        flipped[4 * BLOCK + 3] ^= 1; // name in the header of the second sample
        damaged(train, flipped, "wrong checksum of a header after sample '00000'");
        damaged(train, "<html>no such file</html>".repeat(100).getBytes(StandardCharsets.UTF_8), "not a tar file");
        damaged(train, new byte[] {0x1F, (byte) 0x8B, 8, 0, 0}, "train.tar: is compressed; unpack it");
        damaged(train, new byte[0], "train.tar: ends without");
    }

    @Test
    void sparseMembersAreRejected() throws IOException {
        tar(dir.resolve("val.tar"), samples(0, 2));
        try (var out = new org.apache.commons.compress.archivers.tar.TarArchiveOutputStream(
                Files.newOutputStream(dir.resolve("train.tar")))) {
            var entry = new org.apache.commons.compress.archivers.tar.TarArchiveEntry("0.png", (byte) 'S');
            entry.setSize(BLOCK);
            out.putArchiveEntry(entry);
            out.write(new byte[BLOCK]);
            out.closeArchiveEntry();
        }
        refused("", "train.tar: 0.png is a sparse file, which is not supported");
    }

    private void damaged(Path file, byte[] bytes, String message) throws IOException {
        Files.write(file, bytes);
        refused("", message);
    }

    @Test
    void sizesInBase256AndPaxHeadersAreRead() throws IOException {
        Path train = tar(dir.resolve("train.tar"), samples(0, 2));
        byte[] bytes = Files.readAllBytes(train);
        long size = Long.parseLong(new String(bytes, 2 * BLOCK + 124, 11, StandardCharsets.US_ASCII).strip(), 8);
        byte[] field = new byte[12];
        field[0] = (byte) 0x80;
        for (int i = 0; i < 8; i++) field[11 - i] = (byte) (size >> (8 * i));
        System.arraycopy(field, 0, bytes, 2 * BLOCK + 124, 12);
        Arrays.fill(bytes, 2 * BLOCK + 148, 2 * BLOCK + 156, (byte) ' ');
        int sum = 0;
        for (int i = 0; i < BLOCK; i++) sum += bytes[2 * BLOCK + i] & 0xFF;
        byte[] octal = String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(octal, 0, bytes, 2 * BLOCK + 148, 8);
        Files.write(train, bytes);
        try (var out = new org.apache.commons.compress.archivers.tar.TarArchiveOutputStream(
                Files.newOutputStream(dir.resolve("val.tar")))) {
            out.setLongFileMode(org.apache.commons.compress.archivers.tar.TarArchiveOutputStream.LONGFILE_POSIX);
            out.setAddPaxHeadersForNonAsciiNames(true);
            for (Map.Entry<String, byte[]> member : samples(0, 2).entrySet()) {
                var entry = new org.apache.commons.compress.archivers.tar.TarArchiveEntry(
                        "übung/" + "y".repeat(120) + member.getKey());
                entry.setSize(member.getValue().length);
                out.putArchiveEntry(entry);
                out.write(member.getValue());
                out.closeArchiveEntry();
            }
        }
        DatasetSplits split = config("").open();
        assertThat(split.train().size()).isEqualTo(2);
        assertThat(split.validation().name(1)).contains("übung/").endsWith("00001.png");
        assertThat(split.validation().image(1).pixels())
                .isEqualTo(split.train().image(1).pixels());
    }

    @Test
    void keysOfOtherDatasetsAreRejected() {
        assertThatThrownBy(() -> config("labels: x.csv")).hasMessageContaining("is for image-folder only");
        assertThatThrownBy(() -> config("shuffle_buffer: -1")).hasMessageContaining("shuffle_buffer (-1) must be");
        Config digits = Config.parse("data: {dataset: digits, shuffle_buffer: 10}", "a.yaml");
        DataConfig.read(digits.root().section("data"), 8, 8, 1);
        assertThatThrownBy(digits::finish)
                .hasMessageContaining("shuffle_buffer: is for webdataset, parquet only, not for digits");
    }
}
