package org.vit4j.data.datasets;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;

/**
 * "Optical Recognition of Handwritten Digits" (E. Alpaydin, C. Kaynak; UCI Machine Learning Repository; CC BY 4.0): the
 * 1,797 images of its writer-independent test part, 8x8, packaged with vit4j.
 */
public final class Digits {
    private static final int SIDE = 8;
    private static final int BRIGHTEST = 16;

    private Digits() {}

    /** All 1,797 images, in the order of the file. The values 0..16 are scaled to 0..255 and rounded. */
    public static Dataset all() {
        List<String> lines = lines();
        byte[] pixels = new byte[lines.size() * SIDE * SIDE];
        byte[] labels = new byte[lines.size()];
        for (int i = 0; i < labels.length; i++) {
            String[] values = lines.get(i).split(",");
            for (int k = 0; k < SIDE * SIDE; k++) {
                pixels[i * SIDE * SIDE + k] = (byte) Math.round(Integer.parseInt(values[k]) * 255f / BRIGHTEST);
            }
            labels[i] = Byte.parseByte(values[SIDE * SIDE]);
        }
        return new InMemoryDataset(
                "digits", new int[] {SIDE, SIDE, 1}, InMemoryDataset.PixelLayout.PLANES, pixels, labels, names());
    }

    /**
     * Splits the images into training and validation by {@link StratifiedSplit}.
     *
     * @param validationShare of each class, 0..1
     */
    public static DatasetSplits split(double validationShare, long seed) {
        Dataset all = all();
        List<Integer> labels =
                IntStream.range(0, all.size()).mapToObj(all::label).toList();
        Set<Integer> validation = StratifiedSplit.holdOut(labels, all.classes().size(), validationShare, seed);
        List<Integer> train = IntStream.range(0, all.size())
                .filter(i -> !validation.contains(i))
                .boxed()
                .toList();
        return new DatasetSplits(new Subset(all, train), new Subset(all, List.copyOf(validation)));
    }

    static List<String> names() {
        return IntStream.range(0, 10).mapToObj(Integer::toString).toList();
    }

    private static List<String> lines() {
        try (var packaged = Digits.class.getResourceAsStream("digits.csv.gz");
                var text = new InputStreamReader(new GZIPInputStream(packaged), StandardCharsets.US_ASCII)) {
            return new BufferedReader(text).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
