package org.vit4j.data.datasets;

import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.vit4j.config.ConfigError;

/**
 * CIFAR-10 and CIFAR-100 (Krizhevsky 2009), read from the files of the "binary version": records of one or two label bytes
 * and 3,072 pixel bytes, red, green and blue planes of 32x32.
 */
public final class Cifar {
    private static final int SIDE = 32;
    private static final int PIXELS = 3 * SIDE * SIDE;

    private Cifar() {}

    /**
     * Reads {@code data_batch_1..5.bin}, {@code test_batch.bin} and {@code batches.meta.txt}.
     *
     * @param directory with the files, or with a directory {@code cifar-10-batches-bin} that has them
     * @throws ConfigError if a file is missing or has an unexpected size
     */
    public static DatasetSplits cifar10(Path directory) {
        String expected = "data_batch_1.bin to data_batch_5.bin, test_batch.bin and batches.meta.txt, in it or in its"
                + " cifar-10-batches-bin; unpack cifar-10-binary.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html";
        Path in = DataFiles.within(directory, "cifar-10-batches-bin", "test_batch.bin", expected);
        List<String> classes = classes(in.resolve("batches.meta.txt"), 10, expected);
        Stream<Path> training = IntStream.rangeClosed(1, 5).mapToObj(i -> in.resolve("data_batch_" + i + ".bin"));
        return new DatasetSplits(
                read("cifar10/train", training.toList(), 1, classes, expected),
                read("cifar10/test", List.of(in.resolve("test_batch.bin")), 1, classes, expected));
    }

    /**
     * Reads {@code train.bin}, {@code test.bin} and {@code fine_label_names.txt}; the labels are the 100 fine ones.
     *
     * @param directory with the files, or with a directory {@code cifar-100-binary} that has them
     * @throws ConfigError if a file is missing or has an unexpected size
     */
    public static DatasetSplits cifar100(Path directory) {
        String expected = "train.bin, test.bin and fine_label_names.txt, in it or in its cifar-100-binary; unpack"
                + " cifar-100-binary.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html";
        Path in = DataFiles.within(directory, "cifar-100-binary", "test.bin", expected);
        List<String> classes = classes(in.resolve("fine_label_names.txt"), 100, expected);
        return new DatasetSplits(
                read("cifar100/train", List.of(in.resolve("train.bin")), 2, classes, expected),
                read("cifar100/test", List.of(in.resolve("test.bin")), 2, classes, expected));
    }

    /** @param labelBytes number of label bytes before the pixels of a record; the last of them is used */
    private static Dataset read(String name, List<Path> files, int labelBytes, List<String> classes, String expected) {
        var pixels = new ByteArrayOutputStream();
        var labels = new ByteArrayOutputStream();
        int record = labelBytes + PIXELS;
        for (Path file : files) {
            byte[] bytes = DataFiles.read(file, expected);
            if (bytes.length == 0 || bytes.length % record != 0) {
                throw new ConfigError(file + ": has " + bytes.length + " bytes; expected a multiple of " + record + " ("
                        + labelBytes + " + " + PIXELS + " per image); download it again");
            }
            for (int at = 0; at < bytes.length; at += record) {
                int label = bytes[at + labelBytes - 1] & 0xFF;
                if (label >= classes.size()) {
                    throw new ConfigError(file + ": label of image " + at / record + " out of range (" + label
                            + "); expected 0 to " + (classes.size() - 1));
                }
                labels.write(label);
                pixels.write(bytes, at + labelBytes, PIXELS);
            }
        }
        int[] shape = {SIDE, SIDE, 3};
        return new InMemoryDataset(
                name, shape, InMemoryDataset.PixelLayout.PLANES, pixels.toByteArray(), labels.toByteArray(), classes);
    }

    private static List<String> classes(Path file, int count, String expected) {
        List<String> names = TextLines.of(file.toString(), DataFiles.read(file, expected));
        if (names.size() == count) return names;
        throw new ConfigError(file + ": has " + names.size() + " class names; expected " + count + ", one per line");
    }
}
