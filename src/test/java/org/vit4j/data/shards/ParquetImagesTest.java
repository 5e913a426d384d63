package org.vit4j.data.shards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.config.ConfigError;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.DatasetSplits;
import org.vit4j.data.datasets.Digits;
import org.vit4j.data.datasets.ImagePass;
import org.vit4j.data.datasets.ReadPlan;

/** Files of pyarrow 26 and of datasets 5.2, which {@code checks/real/shards.py} also writes. */
class ParquetImagesTest {
    private static final Path FILES = Path.of("src/test/resources/shards");

    @TempDir
    Path dir;

    private static DatasetSplits open(Path path, String image, String label) {
        return TestShards.open(
                ShardFormat.PARQUET,
                path,
                new ShardConfig(List.of(), List.of(), 10, Optional.ofNullable(image), Optional.ofNullable(label)));
    }

    private void refused(String image, String label, String message) {
        assertThatThrownBy(() -> open(dir, image, label).train().image(0))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    private void copy(String file, String... to) throws IOException {
        for (String name : to) Files.copy(FILES.resolve(file), dir.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }

    private static void equalsDigits(Dataset images, int from) {
        for (int i = images.size() - 1; i >= 0; i--) {
            assertThat(images.image(i).pixels())
                    .isEqualTo(Digits.all().image(from + i).pixels());
            assertThat(images.label(i)).isEqualTo(Digits.all().label(from + i));
        }
        int[] all = java.util.stream.IntStream.range(0, images.size()).toArray();
        try (ImagePass pass = images.pass(new ReadPlan(all, all, 0, all.length))) {
            for (int i : all)
                assertThat(pass.image(i).pixels())
                        .isEqualTo(Digits.all().image(from + i).pixels());
        }
    }

    @Test
    void huggingFaceFilesHaveClassNamesAndPaths() {
        DatasetSplits split = open(FILES.resolve("huggingface"), null, null);
        assertThat(split.train().classes()).startsWith("zero", "one", "two").hasSize(10);
        assertThat(split.train().shards().orElseThrow().sizes()).containsExactly(5, 3);
        assertThat(split.train().name(6)).endsWith("train-00001-of-00002.parquet: row 1 (06.png)");
        equalsDigits(split.train(), 0);
        equalsDigits(split.validation(), 8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "snappy", "gzip", "zstd", "lz4", "brotli", "snappy-delta", "none-delta-prefix"})
    void codecsPagesAndEncodingsAreRead(String name) throws IOException {
        copy("codecs/" + name + ".parquet", "train.parquet", "val.parquet");
        equalsDigits(open(dir, null, null).train(), 0);
    }

    @Test
    void columnsOfOtherNamesAndTypesAreExplained() throws IOException {
        copy("codecs/none.parquet", "train.parquet", "val.parquet");
        refused(
                "imag",
                null,
                "train.parquet: no column 'imag', did you mean 'image'? Set data.image_column to one of the"
                        + " columns (image: bytes, label: int32)");
        refused(null, "labels", "no column 'labels', did you mean 'label'?");
        refused("label", null, "column 'label' has type int32; expected bytes, or struct<bytes: bytes, path: text>");
        refused(null, "image", "column 'image' has type bytes; expected integers, or text");
        copy("unusual.parquet", "train.parquet", "val.parquet");
        refused(null, "score", "column 'image' has type struct<list: list of struct<element: list of bytes>>");
        refused("content", "score", "column 'score' has type double; expected integers");
        refused("content", "label", "column 'label' has type struct<list: ");
        refused("content", "target", "train.parquet: row 0: column 'target' has no value; expected a label");
    }

    @Test
    void filesMustAgree() throws IOException {
        copy("codecs/none.parquet", "train-1.parquet");
        copy("huggingface/train-00000-of-00002.parquet", "train-0.parquet");
        copy("huggingface/validation-00000-of-00001.parquet", "val.parquet");
        refused(null, null, "train-1.parquet: the class names in its metadata differ from those of the other files");
    }

    @Test
    void damagedFilesAreRejected() throws IOException {
        copy("codecs/none.parquet", "train.parquet", "val.parquet");
        Path train = dir.resolve("train.parquet");
        byte[] whole = Files.readAllBytes(train);
        Files.write(train, Arrays.copyOf(whole, whole.length - 10));
        refused(null, null, "train.parquet: is truncated: it does not end with PAR1");
        Files.write(train, "hello, world".repeat(10).getBytes(java.nio.charset.StandardCharsets.UTF_8));
        refused(null, null, "train.parquet: is not a Parquet file; expected one that begins with PAR1");
        Files.write(train, new byte[3]);
        refused(null, null, "train.parquet: is not a Parquet file: it has 3 bytes");
        byte[] flipped = whole.clone();
        flipped[60] ^= 1; // in the first page, which has a checksum
        Files.write(train, flipped);
        refused(null, null, "train.parquet: is truncated or corrupt: column 'image': ");
    }

    @Test
    void flippedBytesNeverCauseOtherErrors() throws IOException {
        copy("codecs/snappy-delta.parquet", "train.parquet", "val.parquet");
        Path train = dir.resolve("train.parquet");
        byte[] whole = Files.readAllBytes(train);
        int rejected = 0;
        for (int at = 4; at < whole.length; at += 11) {
            byte[] flipped = whole.clone();
            flipped[at] ^= (byte) (1 << at % 8);
            Files.write(train, flipped);
            try {
                Dataset images = open(dir, null, null).train();
                for (int i = 0; i < images.size(); i++) images.image(i);
            } catch (ConfigError e) {
                rejected++;
            }
        }
        assertThat(rejected).isGreaterThan(whole.length / 22);
    }
}
