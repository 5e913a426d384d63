package org.vit4j.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.vit4j.config.ConfigError;

/**
 * Pictures in directories named after their classes, decoded when asked for. Sub-directories of a class belong to it,
 * hidden files and what is no picture by its ending are left out. What of corrupt ones: see {@link EncodedImages}.
 */
public final class ImageFolder implements Dataset {
    /** Names of the directory to be judged by, of which the first there is counts. */
    public static final List<String> VALIDATION = List.of("val", "validation", "valid", "test");

    private static final String EXPECTED =
            "train/<class>/*.jpg and val/<class>/*.jpg (also png, jpeg, bmp, gif; or validation, valid, test for val)";

    private final EncodedImages images;

    /**
     * One split.
     *
     * @param directory the class directories are in
     * @param classes in the order of the network's outputs; a directory of another name is an error
     * @param channels 1 or 3, as pictures are read
     * @throws ConfigError when there is no class, an unknown or an empty one
     */
    public ImageFolder(Path directory, List<String> classes, int channels, OnCorrupt onCorrupt) {
        List<Path> files = new ArrayList<>();
        List<Integer> labels = new ArrayList<>();
        for (String name : classNames(directory)) {
            int label = classes.indexOf(name);
            if (label < 0) {
                throw new ConfigError(directory.resolve(name) + ": no such class in training; expected "
                        + (classes.size() > 12 ? "one of its " + classes.size() : String.join(", ", classes)));
            }
            List<Path> ofClass = images(directory.resolve(name));
            files.addAll(ofClass);
            for (int i = 0; i < ofClass.size(); i++) labels.add(label);
        }
        this.images = new EncodedImages(
                directory.toString(),
                files.stream().map(Path::toString).toList(),
                labels,
                classes,
                i -> ImageFile.read(files.get(i), channels),
                onCorrupt);
    }

    /** {@code train} and {@code val}; the classes are the directories of {@code train}, sorted. */
    public static DatasetSplits open(Path root, int channels, OnCorrupt onCorrupt) {
        Path train = root.resolve("train");
        if (!Files.isDirectory(root)) {
            throw new ConfigError(root + ": is not a directory; expected one with " + EXPECTED);
        }
        if (!Files.isDirectory(train)) {
            throw new ConfigError(root + ": has no directory train; expected " + EXPECTED);
        }
        Optional<Path> validation = VALIDATION.stream()
                .map(root::resolve)
                .filter(Files::isDirectory)
                .findFirst();
        if (validation.isEmpty()) throw new ConfigError(root + ": has no directory val; expected " + EXPECTED);
        List<String> classes = classNames(train);
        return new DatasetSplits(
                new ImageFolder(train, classes, channels, onCorrupt),
                new ImageFolder(validation.get(), classes, channels, onCorrupt));
    }

    /** The names of the class directories, sorted. */
    public static List<String> classNames(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            List<String> names = entries.filter(Files::isDirectory)
                    .map(path -> path.getFileName().toString())
                    .filter(name -> !name.startsWith("."))
                    .sorted()
                    .toList();
            if (names.isEmpty()) {
                throw new ConfigError(directory + ": has no class directories; expected <class>/*.jpg in it");
            }
            return names;
        } catch (IOException e) {
            throw new ConfigError(directory + ": cannot be listed: " + e.getMessage(), e);
        }
    }

    private static List<Path> images(Path ofClass) {
        try (Stream<Path> entries = Files.walk(ofClass, FileVisitOption.FOLLOW_LINKS)) {
            List<Path> pictures = entries.filter(ImageFile::isImage)
                    .filter(path -> !isHidden(ofClass.relativize(path)))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList();
            if (pictures.isEmpty()) {
                throw new ConfigError(ofClass + ": has no pictures; expected png, jpg, jpeg, bmp or gif files");
            }
            return pictures;
        } catch (IOException | UncheckedIOException e) {
            throw new ConfigError(ofClass + ": cannot be listed: " + e.getMessage(), e);
        }
    }

    private static boolean isHidden(Path relative) {
        for (Path part : relative) if (part.toString().startsWith(".")) return true;
        return false;
    }

    @Override
    public int size() {
        return images.size();
    }

    @Override
    public Image image(int index) {
        return images.image(index);
    }

    /** How many pictures have been found unreadable and replaced so far. */
    public int skipped() {
        return images.skipped();
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
