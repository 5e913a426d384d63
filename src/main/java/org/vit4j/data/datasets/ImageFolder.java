package org.vit4j.data.datasets;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import org.vit4j.config.ConfigError;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageFile;
import org.vit4j.data.image.ImageFormats;

/**
 * Dataset of images in one directory per class, decoded on access. {@link FolderReader} finds the files,
 * {@link EncodedImages} handles corrupt ones.
 */
public final class ImageFolder implements Dataset {
    /** Names of the validation directory; the first that exists is used. */
    public static final List<String> VALIDATION = List.of("val", "validation", "valid", "test");

    private final EncodedImages images;

    /**
     * Opens one split.
     *
     * @param directory with the class directories
     * @param classes in the order of the network's outputs; one without a directory, or with an empty one, has no images
     * @param channels 1 or 3
     * @throws ConfigError if there is no image, or a directory is not a class
     */
    public ImageFolder(Path directory, List<String> classes, int channels, OnCorrupt onCorrupt) {
        this(
                local().read(directory.toString(), classes, "in training"),
                channels,
                onCorrupt,
                ImageFormats.DEFAULT_PIXEL_LIMIT);
    }

    /**
     * Opens the files that a {@link FolderReader} found on this machine.
     *
     * @param maxPixels images with more pixels cannot be read
     */
    public ImageFolder(LabeledFiles files, int channels, OnCorrupt onCorrupt, long maxPixels) {
        List<Path> paths = files.files().stream().map(Path::of).toList();
        this.images = new EncodedImages(
                files.directory(),
                files.files(),
                files.labels(),
                files.classes(),
                i -> ImageFile.read(paths.get(i), channels, maxPixels),
                onCorrupt);
    }

    /** Opens {@code train} and {@code val} of a directory; the classes are the directories of {@code train}. */
    public static DatasetSplits open(Path root, int channels, OnCorrupt onCorrupt) {
        LabeledFiles.SplitFiles files = local().split(root.toString(), OptionalDouble.empty(), 0);
        return open(files, channels, onCorrupt, ImageFormats.DEFAULT_PIXEL_LIMIT);
    }

    /** Opens the images of both splits. */
    public static DatasetSplits open(LabeledFiles.SplitFiles files, int channels, OnCorrupt onCorrupt, long maxPixels) {
        return new DatasetSplits(
                new ImageFolder(files.train(), channels, onCorrupt, maxPixels),
                new ImageFolder(files.validation(), channels, onCorrupt, maxPixels));
    }

    /** The names of the class directories, in natural order. */
    public static List<String> classNames(Path directory) {
        return local().classNames(directory.toString());
    }

    private static FolderReader local() {
        return new FolderReader(new LocalDirectories(), List.of());
    }

    @Override
    public int size() {
        return images.size();
    }

    @Override
    public Image image(int index) {
        return images.image(index);
    }

    /** Number of unreadable images replaced so far. */
    public int skipped() {
        return images.skipped();
    }

    @Override
    public boolean decodesOnAccess() {
        return images.decodesOnAccess();
    }

    @Override
    public int label(int index) {
        return images.label(index);
    }

    @Override
    public String name(int index) {
        return images.name(index);
    }

    @Override
    public List<String> classes() {
        return images.classes();
    }
}
