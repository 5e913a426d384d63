package org.vit4j.data.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;
import org.vit4j.data.image.TestImages;

class ImageFolderTest {
    @TempDir
    private Path dir;

    @BeforeEach
    void writeTwoClasses() {
        for (String part : new String[] {"train", "val"}) {
            for (int i = 0; i < 3; i++) {
                writeImage(part + "/cat/" + i + ".png", i);
                writeImage(part + "/dog/" + i + ".PNG", 10 + i);
            }
        }
    }

    @Test
    void classesAndImagesAreInNaturalOrder() {
        writeImage("train/ant/nested/deep/1.bmp", 20);
        write("train/cat/.hidden.png");
        write("train/cat/notes.txt");
        write("train/.DS_Store/x.png");
        DatasetSplits split = open();
        assertThat(split.train().classes()).containsExactly("ant", "cat", "dog");
        assertThat(split.train().size()).isEqualTo(7);
        assertThat(split.train().label(0)).isZero();
        assertThat(split.train().label(6)).isEqualTo(2);
        assertThat(split.train().name(5))
                .isEqualTo(dir.resolve("train/dog/1.PNG").toString());
        assertThat(split.train().image(5).pixels()).containsOnly(11);
        assertThat(split.validation().label(0)).isEqualTo(1);
    }

    @Test
    void corruptImagesFailOnAccessWithTheirName() {
        Path corrupt = write("train/cat/1.png");
        Dataset train = open().train();
        assertThat(train.image(0).pixels()).containsOnly(0);
        refused(() -> train.image(1), corrupt + ": is not an image; expected PNG, JPEG, GIF, BMP, WebP, TIFF or PNM");
    }

    @Test
    void skippedImagesAreReplacedByTheNextOfTheirClassAndCountedOnce() {
        write("train/cat/2.png");
        write("train/dog/0.PNG");
        write("train/dog/1.PNG");
        var train = (ImageFolder) ImageFolder.open(dir, 3, OnCorrupt.SKIP).train();
        for (int i = 0; i < 2; i++) {
            assertThat(train.image(2).pixels()).containsOnly(0); // wraps around to the first cat
            assertThat(train.image(3).pixels()).containsOnly(12);
            assertThat(train.image(5).pixels()).containsOnly(12);
        }
        assertThat(train.skipped()).isEqualTo(3);
        write("train/dog/2.PNG");
        var allCorrupt = ImageFolder.open(dir, 3, OnCorrupt.SKIP).train();
        refused(() -> allCorrupt.image(4), dir.resolve("train/dog") + ": none of its images can be read");
    }

    @Test
    void missingAndUnknownDirectoriesAreReported() {
        String expected = "train/<class>/*.jpg and val/<class>/*.jpg (or validation, valid, test for val)";
        String share = ", or data.val_share to hold out a share of the images";
        Path none = dir.resolve("none");
        refused(
                () -> ImageFolder.open(none, 3, OnCorrupt.FAIL),
                none + ": is not a directory; expected one with " + expected);
        Path train = dir.resolve("train");
        refused(
                () -> ImageFolder.open(train, 3, OnCorrupt.FAIL),
                train + ": has no directory train; expected " + expected + share);
        writeImage("val/bird/1.png", 3);
        refused(() -> open(), dir.resolve("val/bird") + ": no class 'bird' in training; known: cat, dog");
        writeImage("train/bird/readme.png.txt", 3);
        refused(() -> open(), dir.resolve("train/bird") + ": has no images; add some, or remove the directory");
    }

    @Test
    void missingValidationDirectoryIsReported() {
        writeImage("other/train/a/1.png", 1);
        Path other = dir.resolve("other");
        assertThatThrownBy(() -> ImageFolder.open(other, 3, OnCorrupt.FAIL))
                .isInstanceOf(ConfigError.class)
                .hasMessageStartingWith(other + ": has no directory val; expected ");
        writeImage("other/test/a/1.png", 1);
        assertThat(ImageFolder.open(other, 1, OnCorrupt.FAIL)
                        .validation()
                        .image(0)
                        .channels())
                .isEqualTo(1);
    }

    private DatasetSplits open() {
        return ImageFolder.open(dir, 3, OnCorrupt.FAIL);
    }

    private void writeImage(String name, float value) {
        String format = name.endsWith("bmp") ? "bmp" : "png";
        TestImages.write(dir.resolve(name), TestImages.encode(TestImages.rgb(TestImages.flat(2, 3, 3, value)), format));
    }

    private Path write(String name) {
        return TestImages.write(dir.resolve(name), new byte[] {1, 2, 3});
    }

    private static void refused(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(ConfigError.class).hasMessage(message);
    }
}
