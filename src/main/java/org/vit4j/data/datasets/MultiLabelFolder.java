package org.vit4j.data.datasets;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageFile;

/** Image files with several labels each, decoded on access; see {@link LabelFile}. */
public final class MultiLabelFolder implements Dataset {
    private final LabelFile.LabeledImages images;
    private final List<String> classes;
    private final int channels;
    private final long maxPixels;

    /**
     * Opens images.
     *
     * @param maxPixels images with more pixels cannot be read
     */
    public MultiLabelFolder(LabelFile.LabeledImages images, List<String> classes, int channels, long maxPixels) {
        this.images = images;
        this.classes = List.copyOf(classes);
        this.channels = channels;
        this.maxPixels = maxPixels;
    }

    /** Opens the images of both splits. */
    public static DatasetSplits open(LabelFile.LabeledSplits splits, int channels, long maxPixels) {
        return new DatasetSplits(
                new MultiLabelFolder(splits.train(), splits.classes(), channels, maxPixels),
                new MultiLabelFolder(splits.validation(), splits.classes(), channels, maxPixels));
    }

    @Override
    public int size() {
        return images.files().size();
    }

    @Override
    public Image image(int index) {
        return ImageFile.read(images.files().get(index), channels, maxPixels);
    }

    @Override
    public boolean decodesOnAccess() {
        return true;
    }

    /** The first label; 0 without labels. */
    @Override
    public int label(int index) {
        int[] labels = images.labels().get(index);
        return labels.length == 0 ? 0 : labels[0];
    }

    @Override
    public Optional<IntFunction<int[]>> labelLists() {
        return Optional.of(index -> images.labels().get(index).clone());
    }

    @Override
    public String name(int index) {
        Path file = images.files().get(index);
        return file.toString();
    }

    @Override
    public List<String> classes() {
        return classes;
    }
}
