package org.vit4j.train;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.ImageFile;
import org.vit4j.data.Mixed;
import org.vit4j.data.Preprocess;
import org.vit4j.io.Failure;
import org.vit4j.report.ContactSheet;
import org.vit4j.report.ContactSheet.Share;
import org.vit4j.report.ContactSheet.Tile;

/** What the network will see: the very batches a run trains on, drawn. */
public final class Preview {
    private Preview() {}

    /**
     * The first training images of an epoch, after augmenting, erasing and mixing, with normalising undone.
     *
     * @param epoch from 1
     * @param count as many images, over several batches if need be; fewer when the epoch has not so many
     * @throws ConfigError when the run has no such epoch
     */
    public static BufferedImage sheet(RunConfig config, TrainData data, int epoch, int count) {
        List<Tile> tiles = tiles(config, data, epoch, count);
        String subtitle = String.format(
                Locale.ROOT,
                "epoch %d of %d: the first %d training images as the network sees them",
                epoch,
                config.train().epochs(),
                tiles.size());
        checkFonts();
        return ContactSheet.draw(config.name(), subtitle, tiles);
    }

    /** A Java without fonts, as in small containers, fails deep inside of its drawing. */
    private static void checkFonts() {
        try {
            new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics().getFontMetrics();
        } catch (RuntimeException | LinkageError | InternalError e) {
            throw new Failure("this Java cannot draw text; install fontconfig and a font, such as fonts-dejavu", e);
        }
    }

    static List<Tile> tiles(RunConfig config, TrainData data, int epoch, int count) {
        TrainConfig train = config.train();
        if (epoch < 1 || epoch > train.epochs()) {
            throw new ConfigError("epoch " + epoch + ": " + config.name() + " trains epochs 1 to " + train.epochs());
        }
        int perEpoch = data.training().batchesPerEpoch();
        Preprocess preprocess = config.data().preprocess();
        List<Tile> tiles = new ArrayList<>();
        try (BatchIterator batches = data.training().epoch(epoch - 1, 0)) {
            for (int i = 0; batches.hasNext() && tiles.size() < count; i++) {
                Mixed mixed = train.mix(batches.next(), epoch - 1, (long) (epoch - 1) * perEpoch + i);
                for (int k = 0; k < mixed.size() && tiles.size() < count; k++) {
                    tiles.add(tile(mixed, k, preprocess, data.classes()));
                }
            }
        }
        return tiles;
    }

    private static Tile tile(Mixed mixed, int i, Preprocess preprocess, List<String> classes) {
        Batch batch = mixed.batch();
        int size = batch.height() * batch.width() * batch.channels();
        float[] pixels = Arrays.copyOfRange(batch.images(), i * size, (i + 1) * size);
        BufferedImage picture = ImageFile.picture(preprocess.undo(pixels));
        String own = classes.get(batch.labels()[i]);
        String other = classes.get(mixed.other(i));
        double share = mixed.shares()[i];
        if (share == 1 || own.equals(other)) return new Tile(picture, List.of(new Share(own, 1)));
        return new Tile(picture, List.of(new Share(own, share), new Share(other, 1 - share)));
    }
}
