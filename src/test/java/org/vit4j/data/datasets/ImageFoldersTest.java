package org.vit4j.data.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.data.DataConfig;
import org.vit4j.data.image.TestImages;

/** Image folders with files of other programs, links, numbered names or no validation directory. */
class ImageFoldersTest {
    @TempDir
    private Path dir;

    /** Creates files next to {@code good.png}. */
    private interface Clutter {
        void make(Path folder) throws IOException;
    }

    static Stream<Arguments> clutter() {
        return Stream.of(
                silent("a hidden file of macOS", d -> Files.write(d.resolve("._x.jpg"), new byte[4])),
                silent("a hidden directory", d -> image(d.resolve(".cache/x.png"))),
                silent("an archive of macOS", d -> image(d.resolve("__MACOSX/x.png"))),
                silent("thumbnails of a Synology", d -> image(d.resolve("@eaDir/good.png/SYNOPHOTO_THUMB_M.png"))),
                silent("thumbnails of Windows", d -> Files.write(d.resolve("Thumbs.db"), new byte[4])),
                silent(
                        "an empty directory with the name of an image",
                        d -> Files.createDirectories(d.resolve("b.jpg"))),
                named(
                        "a broken link",
                        d -> Files.createSymbolicLink(d.resolve("x.jpg"), Path.of("nowhere.jpg")),
                        "1 broken link skipped: "),
                named(
                        "a link to itself",
                        d -> Files.createSymbolicLink(d.resolve("x.jpg"), Path.of("x.jpg")),
                        "1 broken link skipped: "),
                named(
                        "a link to its directory",
                        d -> Files.createSymbolicLink(d.resolve("x"), d),
                        "1 link to a directory that contains it skipped: "),
                named(
                        "a link to the root",
                        d -> Files.createSymbolicLink(d.resolve("x"), Path.of("..")),
                        "1 link to a directory that contains it skipped: "),
                named(
                        "images of other types",
                        d -> {
                            for (String name : List.of("1.heic", "2.HEIC", "3.xyz", "LICENSE")) {
                                Files.write(d.resolve(name), new byte[4]);
                            }
                        },
                        "4 files of unknown type skipped: .heic 2, .xyz 1, no extension 1"));
    }

    private static Arguments silent(String name, Clutter clutter) {
        return Arguments.of(name, clutter, "");
    }

    private static Arguments named(String name, Clutter clutter, String line) {
        return Arguments.of(name, clutter, line);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("clutter")
    void otherFilesAreSkippedByAllReaders(String name, Clutter clutter, String line) throws IOException {
        for (String part : List.of("train/cat", "val/cat")) {
            image(dir.resolve(part).resolve("good.png"));
            clutter.make(dir.resolve(part));
        }
        ImageFinder finder = new ImageFinder(new LocalDirectories());
        assertThat(finder.images(dir.resolve("val/cat").toString()))
                .containsExactly(dir.resolve("val/cat/good.png").toString());
        String lines = String.join("\n", finder.skipped().lines());
        if (line.isEmpty()) assertThat(lines).isEmpty();
        else if (!name.equals("a link to the root")) assertThat(lines).startsWith(line);
        DatasetSplits split = ImageFolder.open(dir, 3, OnCorrupt.FAIL);
        assertThat(split.train().size()).isEqualTo(1);
        assertThat(split.validation().size()).isEqualTo(1);
    }

    @Test
    void linkedDirectoriesAndDirectoriesWithImageNamesAreRead() throws IOException {
        image(dir.resolve("store/1.png"));
        image(dir.resolve("train/cat/b.jpg/2.png"));
        Files.createSymbolicLink(dir.resolve("train/cat/linked"), dir.resolve("store"));
        Files.createSymbolicLink(dir.resolve("train/dog"), dir.resolve("store"));
        Files.createSymbolicLink(dir.resolve("train/cat/3.png"), dir.resolve("store/1.png"));
        Files.createSymbolicLink(dir.resolve("train/loop"), dir);
        Files.createSymbolicLink(dir.resolve("val"), dir.resolve("train"));
        DatasetSplits split = ImageFolder.open(dir, 3, OnCorrupt.FAIL);
        assertThat(split.train().classes()).containsExactly("cat", "dog");
        assertThat(names(split.train()))
                .containsExactly(
                        "train/cat/3.png", "train/cat/b.jpg/2.png", "train/cat/linked/1.png", "train/dog/1.png");
        assertThat(split.validation().size()).isEqualTo(4);
        assertThat(split.train().image(2).height()).isEqualTo(2);
    }

    @Test
    void directoriesThatLinkToEachOtherDoNotLoop() throws IOException {
        image(dir.resolve("a/1.png"));
        image(dir.resolve("b/2.png"));
        Files.createSymbolicLink(dir.resolve("a/b"), dir.resolve("b"));
        Files.createSymbolicLink(dir.resolve("b/a"), dir.resolve("a"));
        assertThat(new ImageFinder(new LocalDirectories()).images(dir.toString()))
                .hasSize(4);
    }

    @Test
    void numberedClassesAndFilesAreInNaturalOrder() {
        for (int label = 0; label < 12; label++) image(dir.resolve("train/" + label + "/" + label + ".png"));
        for (int i = 0; i < 12; i++) image(dir.resolve("val/3/img" + i + ".png"));
        DatasetSplits split = ImageFolder.open(dir, 3, OnCorrupt.FAIL);
        assertThat(split.train().classes())
                .containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11");
        assertThat(names(split.validation())).startsWith("val/3/img0.png", "val/3/img1.png", "val/3/img2.png");
        assertThat(split.validation().label(0)).isEqualTo(3);
    }

    @Test
    void emptyClassesAreAllowedInValidationButNotInTraining() throws IOException {
        image(dir.resolve("train/cat/1.png"));
        image(dir.resolve("train/dog/1.png"));
        image(dir.resolve("val/cat/1.png"));
        Files.createDirectories(dir.resolve("val/dog"));
        assertThat(ImageFolder.open(dir, 3, OnCorrupt.FAIL).validation().size()).isEqualTo(1);
        Files.createDirectories(dir.resolve("train/emu"));
        assertThatThrownBy(() -> ImageFolder.open(dir, 3, OnCorrupt.FAIL))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("train/emu: has no images");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "train"})
    void valShareHoldsOutAShareOfEveryClass(String parent) {
        Path root = dir.resolve(parent);
        for (int i = 0; i < 40; i++) image(root.resolve("cat/" + i + ".png"));
        for (int i = 0; i < 10; i++) image(root.resolve("dog/" + i + ".png"));
        image(root.resolve("emu/only.png"));
        DatasetSplits split = config("val_share: 0.1").open();
        assertThat(count(split.validation(), 0)).isEqualTo(4);
        assertThat(count(split.validation(), 1)).isEqualTo(1);
        assertThat(count(split.validation(), 2)).isZero();
        Set<String> all = new HashSet<>(names(split.train()));
        assertThat(all).hasSize(46).doesNotContainAnyElementsOf(names(split.validation()));
        all.addAll(names(split.validation()));
        assertThat(all).hasSize(51);
        assertThat(names(config("val_share: 0.1").open().validation())).isEqualTo(names(split.validation()));
        assertThat(names(config("val_share: 0.1, split_seed: 3").open().validation()))
                .isNotEqualTo(names(split.validation()));
    }

    @Test
    void invalidValSharesAreRejected() {
        image(dir.resolve("train/cat/1.png"));
        image(dir.resolve("train/cat/2.png"));
        image(dir.resolve("valid/cat/1.png"));
        refused(
                "val_share: 0.5",
                "data.val_share: unexpected, there is a validation directory (" + dir.resolve("valid") + ")");
        refused("val_share: 0", "val_share (0.0) must be in (0, 1)");
        refused("val_share: 1.0", "val_share (1.0) must be in (0, 1)");
        refused("split_seed: 1", "is for digits, and for files of images with val_share");
    }

    @Test
    void valShareOfLessThanOneImageIsReported() {
        image(dir.resolve("cat/1.png"));
        refused("val_share: 0.1", "is less than one image; expected a larger share");
    }

    @Test
    void corruptTrainingImagesAreNotReplacedByValidationImages() throws IOException {
        for (int i = 0; i < 8; i++) Files.write(image(dir.resolve("cat/" + i + ".png")), new byte[4]);
        DatasetSplits split = config("val_share: 0.5, on_corrupt: skip").open();
        String held = split.validation().name(0);
        Files.delete(Path.of(held));
        image(Path.of(held));
        assertThat(split.validation().image(3).height()).isEqualTo(2);
        assertThatThrownBy(() -> split.train().image(0)).hasMessageContaining("none of its images can be read");
    }

    @Test
    void skippedFilesAreCountedByExtension() {
        SkippedFiles skipped = new SkippedFiles();
        assertThat(skipped.lines()).isEmpty();
        skipped.unknownType("a.HEIC");
        assertThat(skipped.lines()).containsExactly("1 file of unknown type skipped: .heic 1");
        for (String name : List.of("a.avif", "b.heic", "d.avif", "e.heic", "README")) skipped.unknownType(name);
        assertThat(skipped.lines())
                .containsExactly("6 files of unknown type skipped: .heic 3, .avif 2, no extension 1");
    }

    static Stream<Arguments> classFiles() {
        byte[] plain = "zebra\ncat\n".getBytes(StandardCharsets.UTF_8);
        return Stream.of(
                Arguments.of("plain", plain),
                Arguments.of("no last line end", "zebra\ncat".getBytes(StandardCharsets.UTF_8)),
                Arguments.of("CRLF", "zebra\r\ncat\r\n".getBytes(StandardCharsets.UTF_8)),
                Arguments.of("CR", "zebra\rcat\r".getBytes(StandardCharsets.UTF_8)),
                Arguments.of("blank lines", "\n zebra \n\n\t\ncat\n\n\n".getBytes(StandardCharsets.UTF_8)),
                Arguments.of("byte order mark", marked("\uFEFFzebra\r\n\r\ncat\r\n", StandardCharsets.UTF_8)),
                Arguments.of("UTF-16 of Windows", marked("\uFEFFzebra\r\ncat\r\n", StandardCharsets.UTF_16LE)),
                Arguments.of("UTF-16, big-endian", marked("\uFEFFzebra\ncat\n", StandardCharsets.UTF_16BE)));
    }

    private static byte[] marked(String text, Charset charset) {
        return text.getBytes(charset);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("classFiles")
    void classMapDefinesTheOrderOfTheClasses(String name, byte[] bytes) throws IOException {
        for (String part : List.of("train", "val")) {
            image(dir.resolve(part + "/cat/1.png"));
            image(dir.resolve(part + "/zebra/1.png"));
        }
        Path map = Files.write(dir.resolve("classes.txt"), bytes);
        DatasetSplits split = config("class_map: '" + map + "'").open();
        assertThat(split.train().classes()).containsExactly("zebra", "cat");
        assertThat(split.train().label(0)).isEqualTo(1);
    }

    @Test
    void invalidClassMapsAreRejected() throws IOException {
        image(dir.resolve("train/cat/1.png"));
        image(dir.resolve("val/cat/1.png"));
        Path map = dir.resolve("classes.txt");
        refused("class_map: '" + map + "'", map + ": does not exist");
        Files.writeString(map, "dog\nbat\n");
        refused("class_map: '" + map + "'", "no class 'cat' in data.class_map, did you mean 'bat'?");
        Files.writeString(map, "cat\ndog\ncat\n");
        refused("class_map: '" + map + "'", map + ": duplicate name 'cat' (names 1 and 3)");
        Files.writeString(map, "\n");
        refused("class_map: '" + map + "'", map + ": is empty; expected one name per line");
        Files.write(map, new byte[] {'c', (byte) 0xE9, '\n'});
        refused("class_map: '" + map + "'", map + ": is not text in UTF-8; save it as UTF-8");
    }

    private DataConfig config(String keys) {
        Config config = Config.parse(
                "data: {dataset: image-folder, path: '" + dir + "'" + (keys.isEmpty() ? "" : ", " + keys) + "}",
                "a.yaml");
        var data = DataConfig.read(config.root().section("data"), 8, 8, 3);
        config.finish();
        DataConfig read = data.orElseThrow();
        Config again = Config.parse(config.resolved(), "again.yaml");
        assertThat(DataConfig.read(again.root().section("data"), 8, 8, 3)).contains(read);
        return read;
    }

    private void refused(String keys, String message) {
        assertThatThrownBy(() -> config(keys).open())
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining(message);
    }

    private List<String> names(Dataset images) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < images.size(); i++) {
            names.add(dir.relativize(Path.of(images.name(i))).toString());
        }
        return names;
    }

    private static int count(Dataset images, int label) {
        int count = 0;
        for (int i = 0; i < images.size(); i++) if (images.label(i) == label) count++;
        return count;
    }

    private static Path image(Path file) {
        return TestImages.png(file, TestImages.ramp(2, 3, 3));
    }

    @Test
    void directoriesWithOneNameInTwoUnicodeFormsAreRejected() throws IOException {
        for (String split : List.of("train", "val")) image(dir.resolve(split + "/caf\u00e9/0.png"));
        image(dir.resolve("val/cafe\u0301/1.png"));
        assertThat(ImageFolder.open(dir, 3, OnCorrupt.FAIL).validation().size()).isEqualTo(2);
        image(dir.resolve("train/cafe\u0301/1.png"));
        assertThatThrownBy(() -> ImageFolder.open(dir, 3, OnCorrupt.FAIL))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("two directories have this name in different Unicode forms");
    }
}
