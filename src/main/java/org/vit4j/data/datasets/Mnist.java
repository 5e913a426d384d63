package org.vit4j.data.datasets;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.vit4j.config.ConfigError;

/** MNIST (LeCun et al. 1998) and Fashion-MNIST (Xiao et al. 2017), in four IDX files each, plain or gzipped. */
public final class Mnist {
    private static final int IMAGES_MAGIC = 0x0803;
    private static final int LABELS_MAGIC = 0x0801;
    private static final int MAX_SIDE = 1024;
    private static final List<String> FASHION = List.of(
            "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot");

    private Mnist() {}

    /**
     * Reads the handwritten digits: {@code train-images-idx3-ubyte}, {@code train-labels-idx1-ubyte} and the two {@code
     * t10k-} files.
     *
     * @throws ConfigError if a file is missing, truncated or not an IDX file
     */
    public static DatasetSplits digits(Path directory) {
        return read("mnist", directory, Digits.names(), "https://ossci-datasets.s3.amazonaws.com/mnist/");
    }

    /** Reads the articles of clothing of Fashion-MNIST, in files of the same names as MNIST's. */
    public static DatasetSplits fashion(Path directory) {
        return read("fashion-mnist", directory, FASHION, "https://github.com/zalandoresearch/fashion-mnist");
    }

    private static DatasetSplits read(String name, Path directory, List<String> classes, String from) {
        String expected = "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and"
                + " t10k-labels-idx1-ubyte, plain or .gz; from " + from;
        return new DatasetSplits(
                split(name + "/train", directory, "train", classes, expected),
                split(name + "/test", directory, "t10k", classes, expected));
    }

    private static Dataset split(String name, Path directory, String prefix, List<String> classes, String expected) {
        if (!directory.toFile().isDirectory()) {
            throw new ConfigError(directory + ": is not a directory; expected one with " + expected);
        }
        Path imageFile = file(directory, prefix + "-images", "idx3-ubyte", expected);
        Path labelFile = file(directory, prefix + "-labels", "idx1-ubyte", expected);
        byte[] labels = labels(labelFile, classes.size(), expected);
        ByteBuffer in = header(imageFile, IMAGES_MAGIC, 3, expected);
        int count = in.getInt();
        int height = in.getInt();
        int width = in.getInt();
        if (height < 1 || width < 1 || height > MAX_SIDE || width > MAX_SIDE) {
            throw new ConfigError(imageFile + ": image size out of range (" + height + "x" + width
                    + "); expected at most " + MAX_SIDE + "x" + MAX_SIDE + "; download it again");
        }
        checkLength(imageFile, in, (long) count * height * width);
        if (count != labels.length) {
            throw new ConfigError(
                    imageFile + ": has " + count + " images, but " + labelFile + " has " + labels.length + " labels");
        }
        int[] shape = {height, width, 1};
        return new InMemoryDataset(name, shape, InMemoryDataset.PixelLayout.PLANES, rest(in), labels, classes);
    }

    private static byte[] labels(Path file, int classes, String expected) {
        ByteBuffer in = header(file, LABELS_MAGIC, 1, expected);
        checkLength(file, in, in.getInt());
        byte[] labels = rest(in);
        for (int i = 0; i < labels.length; i++) {
            if ((labels[i] & 0xFF) >= classes) {
                throw new ConfigError(
                        file + ": label " + i + " is " + (labels[i] & 0xFF) + "; expected 0 to " + (classes - 1));
            }
        }
        return labels;
    }

    /** Finds a file by its name with a hyphen, or with a dot, which some archive programs write instead. */
    private static Path file(Path directory, String start, String end, String expected) {
        List<String> spellings =
                List.of(start + "-" + end, start + "-" + end + ".gz", start + "." + end, start + "." + end + ".gz");
        return DataFiles.first(directory, spellings, expected);
    }

    private static ByteBuffer header(Path file, int magic, int dimensions, String expected) {
        ByteBuffer in = ByteBuffer.wrap(DataFiles.read(file, expected));
        if (in.remaining() < 4 * (dimensions + 1)) {
            throw new ConfigError(file + ": is truncated: " + in.remaining() + " bytes; download it again");
        }
        int found = in.getInt();
        if (found != magic) {
            throw new ConfigError(file
                    + String.format(
                            Locale.ROOT,
                            ": is not an IDX file of this kind: starts with %08x; expected %08x",
                            found,
                            magic));
        }
        return in;
    }

    private static void checkLength(Path file, ByteBuffer in, long expected) {
        if (expected < 1)
            throw new ConfigError(
                    file + ": has no entries, or an invalid number of them, in its header; download it again");
        if (in.remaining() != expected) {
            throw new ConfigError(file + ": has " + in.remaining() + " bytes after its header; expected " + expected
                    + "; download it again");
        }
    }

    private static byte[] rest(ByteBuffer in) {
        byte[] rest = new byte[in.remaining()];
        in.get(rest);
        return rest;
    }
}
