package org.vit4j.run;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.MixedBatch;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.image.ImageFile;
import org.vit4j.io.RunException;
import org.vit4j.report.ContactSheet;
import org.vit4j.report.ContactSheet.LabelShare;
import org.vit4j.report.ContactSheet.SheetTile;
import org.vit4j.train.TrainConfig;

/** Contact sheet of the training images exactly as the network receives them. */
public final class AugmentPreview {
    private AugmentPreview() {}

    /**
     * Draws the first training images of an epoch after augmentation, erasing and mixing, with normalization undone.
     *
     * @param epoch from 1
     * @param count number of images, from several batches if necessary; limited by the length of the epoch
     * @throws ConfigError if the epoch is out of range
     */
    public static BufferedImage sheet(RunConfig config, TrainData data, int epoch, int count) {
        List<SheetTile> tiles = tiles(config, data, epoch, count);
        String subtitle = String.format(
                Locale.ROOT,
                "epoch %d of %d: the first %d training images as the network receives them",
                epoch,
                config.train().epochs(),
                tiles.size());
        checkFonts();
        return ContactSheet.draw(config.name(), subtitle, tiles);
    }

    /** Java without fonts, as in small containers, fails inside its drawing code with an unclear error. */
    private static void checkFonts() {
        try {
            new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics().getFontMetrics();
        } catch (RuntimeException | LinkageError | InternalError e) {
            throw new RunException(
                    "this Java cannot draw text; install fontconfig and a font, such as fonts-dejavu", e);
        }
    }

    static List<SheetTile> tiles(RunConfig config, TrainData data, int epoch, int count) {
        TrainConfig train = config.train();
        if (epoch < 1 || epoch > train.epochs()) {
            throw new ConfigError("epoch " + epoch + ": " + config.name() + " trains epochs 1 to " + train.epochs());
        }
        int perEpoch = data.training().batchesPerEpoch();
        Preprocessing preprocess = config.data().preprocess();
        List<SheetTile> tiles = new ArrayList<>();
        try (BatchIterator batches = data.training().epoch(epoch - 1, 0)) {
            for (int i = 0; batches.hasNext() && tiles.size() < count; i++) {
                MixedBatch mixed = train.mix(batches.next(), epoch - 1, (long) (epoch - 1) * perEpoch + i);
                for (int k = 0; k < mixed.size() && tiles.size() < count; k++) {
                    tiles.add(tile(mixed, k, preprocess, names(mixed.batch(), data)));
                }
            }
        }
        return tiles;
    }

    /** Names of the labels of each image of a batch. */
    private static List<String> names(Batch batch, TrainData data) {
        Optional<IntFunction<int[]>> lists = data.training().labelLists();
        return IntStream.range(0, batch.size())
                .mapToObj(i -> lists.map(labels -> labels.apply(batch.indices()[i]))
                        .orElseGet(() -> new int[] {batch.labels()[i]}))
                .map(labels ->
                        IntStream.of(labels).mapToObj(data.classes()::get).collect(Collectors.joining(", ")))
                .toList();
    }

    private static SheetTile tile(MixedBatch mixed, int i, Preprocessing preprocess, List<String> labels) {
        Batch batch = mixed.batch();
        int size = batch.height() * batch.width() * batch.channels();
        float[] pixels = Arrays.copyOfRange(batch.images(), i * size, (i + 1) * size);
        BufferedImage image = ImageFile.toBufferedImage(preprocess.denormalize(pixels));
        String label = labels.get(i);
        String partner = labels.get(MixedBatch.partnerOf(i, batch.size()));
        double share = mixed.lambda()[i];
        if (share == 1 || label.equals(partner)) return new SheetTile(image, List.of(new LabelShare(label, 1)));
        return new SheetTile(image, List.of(new LabelShare(label, share), new LabelShare(partner, 1 - share)));
    }
}
