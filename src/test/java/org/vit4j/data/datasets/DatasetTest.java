package org.vit4j.data.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.TestImages;

/** Digits, CIFAR and MNIST, read from small files of the real formats. */
class DatasetTest {
    private static final String CIFAR10 =
            "data_batch_1.bin to data_batch_5.bin, test_batch.bin and batches.meta.txt, in it"
                    + " or in its cifar-10-batches-bin; unpack cifar-10-binary.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html";

    @TempDir
    private Path dir;

    @Test
    void splitHoldsOutTheShareOfEveryDigitAndIsDisjoint() {
        DatasetSplits split = Digits.split(0.2, 0);
        assertThat(split.train().size() + split.validation().size()).isEqualTo(1797);
        assertThat(split.validation().size()).isBetween(355, 365);
        for (int digit = 0; digit < 10; digit++) {
            double held = count(split.validation(), digit);
            assertThat(held / (held + count(split.train(), digit))).isBetween(0.195, 0.205);
        }
        Set<String> names = names(split.train());
        names.retainAll(names(split.validation()));
        assertThat(names).isEmpty();
        assertThat(split.train().classes()).containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
    }

    @Test
    void splitDependsOnTheSeed() {
        assertThat(names(Digits.split(0.2, 5).validation()))
                .isEqualTo(names(Digits.split(0.2, 5).validation()));
        assertThat(names(Digits.split(0.2, 5).validation()))
                .isNotEqualTo(names(Digits.split(0.2, 6).validation()));
    }

    @Test
    void digitsAreScaledToTheFullRange() {
        Dataset digits = Digits.all();
        assertThat(digits.size()).isEqualTo(1797);
        assertThat(digits.label(0)).isZero();
        // The first line of the file begins with 0, 0, 5, 13, 9, 1.
        assertThat(Arrays.copyOf(digits.image(0).pixels(), 6)).containsExactly(0, 0, 80, 207, 143, 16);
    }

    @Test
    void cifar10IsReadFromItsDirectoryOrItsParent() throws IOException {
        Path in = cifar10(dir.resolve("cifar-10-batches-bin"));
        for (Path given : List.of(dir, in)) {
            DatasetSplits split = Cifar.cifar10(given);
            assertThat(split.train().size()).isEqualTo(10);
            assertThat(split.validation().size()).isEqualTo(2);
            assertThat(split.train().classes()).hasSize(10).startsWith("class0");
            assertThat(split.train().label(3)).isEqualTo(9);
            Image image = split.train().image(3); // planes of 1024: red, green, blue
            assertThat(List.of(image.height(), image.width(), image.channels())).containsExactly(32, 32, 3);
            assertThat(image.at(1, 2, 0)).isEqualTo(pixel(34));
            assertThat(image.at(1, 2, 2)).isEqualTo(pixel(2 * 1024 + 34));
        }
    }

    @Test
    void cifar100UsesTheFineLabel() throws IOException {
        Path in = dir.resolve("cifar-100-binary");
        TestImages.write(in.resolve("train.bin"), records(2, 3, 42));
        TestImages.write(in.resolve("test.bin"), records(2, 1, 99));
        classes(in.resolve("fine_label_names.txt"), 100);
        DatasetSplits split = Cifar.cifar100(dir);
        assertThat(split.train().size()).isEqualTo(3);
        assertThat(split.train().label(0)).isEqualTo(42);
        assertThat(split.validation().label(0)).isEqualTo(99);
        assertThat(split.validation().image(0).at(0, 1, 1)).isEqualTo(pixel(1025));
    }

    @Test
    void invalidCifarFilesAreReportedWithTheExpectation() throws IOException {
        refused(
                () -> Cifar.cifar10(dir.resolve("none")),
                dir.resolve("none") + ": does not exist; expected " + CIFAR10);
        refused(() -> Cifar.cifar10(dir), dir + ": has no test_batch.bin; expected " + CIFAR10);
        Path third = cifar10(dir).resolve("data_batch_3.bin");
        TestImages.write(third, Arrays.copyOf(records(1, 2, 1), 5000));
        refused(
                () -> Cifar.cifar10(dir),
                third + ": has 5000 bytes; expected a multiple of 3073 (1 + 3072 per image); download it again");
        TestImages.write(third, records(1, 2, 10));
        refused(() -> Cifar.cifar10(dir), third + ": label of image 0 out of range (10); expected 0 to 9");
        Files.delete(third);
        refused(() -> Cifar.cifar10(dir), third + ": does not exist; expected " + CIFAR10);
    }

    @Test
    void mnistIsReadPlainGzippedAndWithBothFileNames() {
        mnist("train-images-idx3-ubyte", "train-labels-idx1-ubyte", false);
        mnist("t10k-images.idx3-ubyte.gz", "t10k-labels.idx1-ubyte.gz", true);
        for (DatasetSplits split : List.of(Mnist.digits(dir), Mnist.fashion(dir))) {
            assertThat(split.train().size()).isEqualTo(3);
            assertThat(split.validation().label(2)).isEqualTo(9);
            Image image = split.validation().image(1);
            assertThat(List.of(image.height(), image.width(), image.channels())).containsExactly(4, 5, 1);
            assertThat(image.at(0, 1, 0)).isEqualTo(21);
        }
        assertThat(Mnist.fashion(dir).train().classes()).contains("Sneaker");
    }

    @Test
    void invalidMnistFilesAreReportedWithTheExpectation() {
        mnist("train-images-idx3-ubyte", "train-labels-idx1-ubyte", false);
        assertThatThrownBy(() -> Mnist.digits(dir))
                .isInstanceOf(ConfigError.class)
                .hasMessageStartingWith(dir + ": has no t10k-images-idx3-ubyte; expected train-images-idx3-ubyte,");
        mnist("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", false);
        Path labels = dir.resolve("t10k-labels-idx1-ubyte");
        TestImages.write(labels, idx(false, new byte[] {1, 2, 10}, 0x801, 3));
        refused(() -> Mnist.digits(dir), labels + ": label 2 is 10; expected 0 to 9");
        TestImages.write(labels, idx(false, new byte[] {1, 2}, 0x801, 2));
        Path images = dir.resolve("t10k-images-idx3-ubyte");
        refused(() -> Mnist.digits(dir), images + ": has 3 images, but " + labels + " has 2 labels");
        TestImages.write(images, idx(false, new byte[59], 0x803, 3, 4, 5));
        refused(() -> Mnist.digits(dir), images + ": has 59 bytes after its header; expected 60; download it again");
        TestImages.write(images, idx(false, new byte[60], 0x802, 3, 4, 5));
        refused(
                () -> Mnist.digits(dir),
                images + ": is not an IDX file of this kind: starts with 00000802; expected 00000803");
        Path zipped = TestImages.write(dir.resolve("train-images-idx3-ubyte.gz"), new byte[] {1, 2, 3});
        assertThat(dir.resolve("train-images-idx3-ubyte").toFile().delete()).isTrue();
        refused(() -> Mnist.digits(dir), zipped + ": is truncated or not a gzip file; download it again");
        TestImages.write(zipped, Arrays.copyOf(idx(true, new byte[60], 0x803, 3, 4, 5), 30));
        refused(() -> Mnist.digits(dir), zipped + ": is truncated or not a gzip file; download it again");
    }

    private static void refused(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(ConfigError.class).hasMessage(message);
    }

    private Path cifar10(Path in) throws IOException {
        for (int i = 1; i <= 5; i++) TestImages.write(in.resolve("data_batch_" + i + ".bin"), records(1, 2, 9));
        TestImages.write(in.resolve("test_batch.bin"), records(1, 2, 0));
        classes(in.resolve("batches.meta.txt"), 10);
        return in;
    }

    private static void classes(Path file, int count) {
        String names =
                IntStream.range(0, count).mapToObj(i -> "class" + i + "\n").collect(Collectors.joining());
        TestImages.write(file, (names + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] records(int labelBytes, int count, int label) {
        var out = new ByteArrayOutputStream();
        for (int i = 0; i < count; i++) {
            if (labelBytes == 2) out.write(3);
            out.write(label);
            for (int p = 0; p < 3072; p++) out.write(pixel(p));
        }
        return out.toByteArray();
    }

    private static int pixel(int at) {
        return at * 7 % 256;
    }

    private void mnist(String images, String labels, boolean zip) {
        byte[] pixels = new byte[60];
        for (int i = 0; i < 60; i++) pixels[i] = (byte) i;
        TestImages.write(dir.resolve(images), idx(zip, pixels, 0x803, 3, 4, 5));
        TestImages.write(dir.resolve(labels), idx(zip, new byte[] {0, 4, 9}, 0x801, 3));
    }

    private static byte[] idx(boolean zip, byte[] data, int... header) {
        ByteBuffer bytes = ByteBuffer.allocate(header.length * 4 + data.length);
        for (int number : header) bytes.putInt(number);
        byte[] plain = bytes.put(data).array();
        if (!zip) return plain;
        var out = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(out)) {
            gzip.write(plain);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return out.toByteArray();
    }

    private static long count(Dataset dataset, int label) {
        return IntStream.range(0, dataset.size())
                .filter(i -> dataset.label(i) == label)
                .count();
    }

    private static Set<String> names(Dataset dataset) {
        Set<String> names = new HashSet<>();
        for (int i = 0; i < dataset.size(); i++) names.add(dataset.name(i));
        return names;
    }
}
