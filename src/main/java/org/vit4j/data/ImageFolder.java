package org.vit4j.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;

/**
 * Pictures in directories named after their classes, decoded when asked for. Sub-directories of a class belong to it,
 * hidden files and what is no picture by its ending are left out.
 *
 * <p>With {@link OnCorrupt#SKIP} a picture that cannot be read is logged once, counted, and replaced by the next readable
 * one of the same class in the same split, so that labels and the number of examples stay as they are, in every run.
 */
public final class ImageFolder implements Dataset {
    private static final Logger LOG = LoggerFactory.getLogger(ImageFolder.class);
    private static final List<String> VALIDATION = List.of("val", "validation", "valid", "test");
    private static final String EXPECTED =
            "train/<class>/*.jpg and val/<class>/*.jpg (also png, jpeg, bmp, gif; or validation, valid, test for val)";

    private final Path directory;
    private final List<String> classes;
    private final List<Path> files = new ArrayList<>();
    private final List<Integer> labels = new ArrayList<>();
    private final int channels;
    private final OnCorrupt onCorrupt;
    private final Set<Integer> corrupt = ConcurrentHashMap.newKeySet();

    /**
     * One split.
     *
     * @param directory the class directories are in
     * @param classes in the order of the network's outputs; a directory of another name is an error
     * @param channels 1 or 3, as pictures are read
     * @throws ConfigError when there is no class, an unknown or an empty one
     */
    public ImageFolder(Path directory, List<String> classes, int channels, OnCorrupt onCorrupt) {
        this.directory = directory;
        this.classes = List.copyOf(classes);
        this.channels = channels;
        this.onCorrupt = onCorrupt;
        for (String name : classNames(directory)) {
            int label = classes.indexOf(name);
            if (label < 0) {
                throw new ConfigError(directory.resolve(name) + ": no such class in training; expected "
                        + (classes.size() > 12 ? "one of its " + classes.size() : String.join(", ", classes)));
            }
            List<Path> pictures = pictures(directory.resolve(name));
            files.addAll(pictures);
            for (int i = 0; i < pictures.size(); i++) labels.add(label);
        }
    }

    /** {@code train} and {@code val}; the classes are the directories of {@code train}, sorted. */
    public static Split open(Path root, int channels, OnCorrupt onCorrupt) {
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
        return new Split(
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

    private static List<Path> pictures(Path ofClass) {
        try (Stream<Path> entries = Files.walk(ofClass, FileVisitOption.FOLLOW_LINKS)) {
            List<Path> pictures = entries.filter(ImageFile::isPicture)
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
        return files.size();
    }

    @Override
    public Image image(int index) {
        if (onCorrupt == OnCorrupt.REFUSE) return ImageFile.read(files.get(index), channels);
        for (int at = index; ; ) {
            if (!corrupt.contains(at)) {
                try {
                    return ImageFile.read(files.get(at), channels);
                } catch (ConfigError e) {
                    if (corrupt.add(at)) LOG.warn("Skipped: {}", e.getMessage());
                }
            }
            at = nextOfClass(at);
            if (at == index) {
                String name = classes.get(labels.get(index));
                throw new ConfigError(directory.resolve(name) + ": none of its pictures can be read");
            }
        }
    }

    /** The pictures of a class lie together; after the last comes the first. */
    private int nextOfClass(int index) {
        int label = labels.get(index);
        if (index + 1 < size() && labels.get(index + 1) == label) return index + 1;
        return labels.indexOf(label);
    }

    /** How many pictures have been found unreadable and replaced so far. */
    public int skipped() {
        return corrupt.size();
    }

    @Override
    public int label(int index) {
        return labels.get(index);
    }

    @Override
    public String name(int index) {
        return files.get(index).toString();
    }

    @Override
    public List<String> classes() {
        return classes;
    }
}
