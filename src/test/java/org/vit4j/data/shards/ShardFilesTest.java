package org.vit4j.data.shards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;

class ShardFilesTest {
    @TempDir
    Path dir;

    private void files(String... names) throws IOException {
        for (String name : names) {
            Path file = dir.resolve(name);
            Files.createDirectories(file.getParent());
            Files.writeString(file, "");
        }
    }

    private static ShardConfig shards(List<String> train, List<String> val) {
        return new ShardConfig(train, val, 10, java.util.Optional.empty(), java.util.Optional.empty());
    }

    private String found(String path, ShardConfig config, boolean holdOut) {
        ShardFiles files =
                ShardFiles.find(ShardFormat.WEBDATASET, dir.resolve(path).toString(), config, holdOut);
        return names(files.train()) + " | " + names(files.validation());
    }

    private String names(List<Path> files) {
        return String.join(
                " ", files.stream().map(file -> dir.relativize(file).toString()).toList());
    }

    private void refused(String path, ShardConfig config, boolean holdOut, String message) {
        assertThatThrownBy(() -> found(path, config, holdOut))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining(message);
    }

    @Test
    void splitsAreFoundByNamesAndDirectories() throws IOException {
        files("a/imagenet1k-train-10.tar", "a/imagenet1k-train-9.tar", "a/imagenet1k-validation-0.tar", "a/_info.json");
        assertThat(found("a", ShardConfig.DEFAULTS, false))
                .isEqualTo("a/imagenet1k-train-9.tar a/imagenet1k-train-10.tar | a/imagenet1k-validation-0.tar");
        files("b/train/0.tar", "b/val/0.tar", "b/test/0.tar", "b/.cache/train.tar", "b/constraint.txt");
        assertThat(found("b", ShardConfig.DEFAULTS, false)).isEqualTo("b/train/0.tar | b/val/0.tar");
        files("c/train_00.tar", "c/test_00.tar");
        assertThat(found("c", ShardConfig.DEFAULTS, false)).isEqualTo("c/train_00.tar | c/test_00.tar");
    }

    @Test
    void splitsOfAnInfoFileTakePrecedence() throws IOException {
        files("a/x-0.tar", "a/x-1.tar", "a/y-0.tar", "a/train-old.tar", "a/val-old.tar");
        String info = "{'splits': {'train': {'filenames': ['x-1.tar', 'x-0.tar'], 'shard_lengths': [5, 6]},"
                + " 'validation': {'filenames': ['y-0.tar'], 'alt_label': 'label'}}}";
        Path file = Files.writeString(dir.resolve("a/_info.json"), info.replace('\'', '"'));
        assertThat(found("a", ShardConfig.DEFAULTS, false)).isEqualTo("a/x-1.tar a/x-0.tar | a/y-0.tar");
        assertThat(names(ShardFiles.evaluation(
                        ShardFormat.WEBDATASET, dir.resolve("a").toString())))
                .isEqualTo("a/y-0.tar");
        assertThat(found("a", shards(List.of("train-old.tar"), List.of("val-old.tar")), false))
                .isEqualTo("a/train-old.tar | a/val-old.tar");
        assertThat(found("a", shards(List.of(), List.of("x-0.tar")), false)).isEqualTo("a/x-1.tar | a/x-0.tar");
        refused("a", ShardConfig.DEFAULTS, true, "_info.json lists validation files; remove data.val_share");
        Files.delete(dir.resolve("a/y-0.tar"));
        refused("a", ShardConfig.DEFAULTS, false, "y-0.tar: does not exist; expected all files that ");
        Files.writeString(file, "{'splits");
        refused("a", ShardConfig.DEFAULTS, false, "_info.json: is not JSON");
        Files.writeString(file, "{}");
        assertThat(found("a", ShardConfig.DEFAULTS, false)).isEqualTo("a/train-old.tar | a/val-old.tar");
    }

    @Test
    void theFormatIsThatOfTheExtensionInAnyCase() throws IOException {
        files("a/val-0.TAR", "b/data/val-0.Parquet", "c/readme.txt", "d/val-0.tar.gz");
        assertThat(format("a/val-0.TAR")).contains(ShardFormat.WEBDATASET);
        assertThat(format("a")).contains(ShardFormat.WEBDATASET);
        assertThat(format("b/data/*.Parquet")).contains(ShardFormat.PARQUET);
        assertThat(format("b")).contains(ShardFormat.PARQUET);
        assertThat(format("c")).isEmpty();
        assertThat(format("c/readme.txt")).isEmpty();
        assertThat(format("d")).isEmpty(); // may be a file next to directories of images
        assertThatThrownBy(() -> format("d/val-0.tar.gz"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("val-0.tar.gz: is compressed");
    }

    private Optional<ShardFormat> format(String path) {
        return ShardDatasets.format(dir.resolve(path).toString());
    }

    @Test
    void patternsSelectFiles() throws IOException {
        files("a/x-000.tar", "a/x-001.tar", "a/x-002.tar", "a/y-000.tar", "b/train-1.tar", "b/val-1.tar");
        assertThat(found("a", shards(List.of("x-{000..001}.tar", "x-002.tar"), List.of("y-*.tar")), false))
                .isEqualTo("a/x-000.tar a/x-001.tar a/x-002.tar | a/y-000.tar");
        assertThat(found("a", shards(List.of(), List.of("y-[0-9]*.tar")), false))
                .isEqualTo("a/x-000.tar a/x-001.tar a/x-002.tar | a/y-000.tar");
        assertThat(found("b/{train,val}-1.tar", ShardConfig.DEFAULTS, false)).isEqualTo("b/train-1.tar | b/val-1.tar");
        assertThat(found("b/**.tar", ShardConfig.DEFAULTS, false)).isEqualTo("b/train-1.tar | b/val-1.tar");
        assertThat(found("a/x-*.tar", ShardConfig.DEFAULTS, true)).isEqualTo("a/x-000.tar a/x-001.tar a/x-002.tar | ");
        assertThat(FilePatterns.expand("k", "{9..11}-{a,b}{}"))
                .containsExactly("9-a", "9-b", "10-a", "10-b", "11-a", "11-b");
    }

    @Test
    void validationFilesAreNotTrainingFiles() throws IOException {
        files("a/train-0.tar", "a/train-1.tar", "a/val-0.tar", "b/x-0.tar", "b/x-1.tar");
        for (String name : List.of("train-1.tar", "./train-1.tar", "../a/train-1.tar")) {
            ShardFiles files = ShardFiles.find(
                    ShardFormat.WEBDATASET, dir.resolve("a").toString(), shards(List.of(), List.of(name)), false);
            assertThat(names(files.train())).as(name).isEqualTo("a/train-0.tar");
        }
        assertThat(found("b", shards(List.of(), List.of("./x-1.tar")), false)).startsWith("b/x-0.tar | ");
        refused("b", shards(List.of("x-*.tar"), List.of("x-1.tar")), false, "x-1.tar is in data.train_shards too");
        refused("b", shards(List.of(), List.of("x-*.tar")), false, "data.val_shards: names all training files of ");
    }

    @Test
    void mistakesAreExplained() throws IOException {
        files("a/train-0.tar", "b/0.tar", "c/train-0.tar.gz", "d/x.txt", "e/train-0.tar", "e/val-0.tar");
        refused("no", ShardConfig.DEFAULTS, false, "no: does not exist; expected .tar files");
        refused("a", ShardConfig.DEFAULTS, false, "a: has training files, but none for validation; name them as in");
        refused("b", ShardConfig.DEFAULTS, false, "b: no file has 'train' in its name; name them as in train-0000.tar");
        refused("c", ShardConfig.DEFAULTS, false, "train-0.tar.gz: is compressed");
        refused("d", ShardConfig.DEFAULTS, false, "d: has no .tar files");
        refused("e", ShardConfig.DEFAULTS, true, "data.val_share: unexpected, there are validation files");
        refused(
                "e",
                shards(List.of(), List.of("v-*.tar")),
                false,
                "data.val_shards: " + dir.resolve("e/v-*.tar") + ": matches no file");
        refused(
                "e",
                shards(List.of("train-{0..2}.tar"), List.of("val-0.tar")),
                false,
                "train-1.tar: does not exist;" + " expected all files of");
        refused("e/train-{2..0}.tar", ShardConfig.DEFAULTS, false, "{2..0} is not an ascending range");
        refused("e/train-{0.tar", ShardConfig.DEFAULTS, false, "braces do not match");
        refused("e", shards(List.of("train-0.tar"), List.of("val-0.tar")), true, "data.val_share: unexpected");
        assertThatThrownBy(() -> shards(List.of("a"), List.of())).hasMessageContaining("requires val_shards");
    }
}
