package org.vit4j.data.datasets;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.vit4j.config.ConfigError;
import org.vit4j.data.image.ImageFormats;

/**
 * Finds image files below directories, by the same rules for training, evaluation, prediction and Spark.
 *
 * <p>Links to files and directories are followed, except links to a directory that contains them. Names that begin with a
 * dot ({@code ._x.jpg}) and files of operating systems are ignored. Files without the extension of an image, broken links
 * and pipes are counted in {@link #skipped()}. A directory may have the extension of an image.
 */
public final class ImageFinder {
    /** Lower-case names of macOS archive folders, thumbnails of Synology and Windows, and recycle bins. */
    private static final Set<String> SYSTEM = Set.of(
            "__macosx",
            "@eadir",
            "#recycle",
            "$recycle.bin",
            "system volume information",
            "lost+found",
            "thumbs.db",
            "desktop.ini");

    private final DirectoryLister lister;
    private final SkippedFiles skipped = new SkippedFiles();

    public ImageFinder(DirectoryLister lister) {
        this.lister = lister;
    }

    /** Returns true for names that are ignored in every directory. */
    static boolean isHidden(String name) {
        return name.startsWith(".") || SYSTEM.contains(name.toLowerCase(Locale.ROOT));
    }

    static boolean isImage(String name) {
        return ImageFormats.isImage(name);
    }

    /**
     * Finds the images below a directory, at any depth, in natural order of their paths.
     *
     * @throws ConfigError if a directory cannot be listed
     */
    public List<String> images(String directory) {
        return images(directory, new ArrayList<>());
    }

    /** Returns true if there is an image below a directory, at any depth; ends at the first one. */
    public boolean hasImages(String directory) {
        List<String> images = new ArrayList<>();
        walk(directory, new ArrayList<>(), images, 1);
        return !images.isEmpty();
    }

    /** Finds the images of a class. Links to the dataset's root or a parent of it count as cycles too. */
    List<String> images(String directory, String root) {
        return images(directory, new ArrayList<>(List.of(realPath(root))));
    }

    private List<String> images(String directory, List<String> open) {
        List<String> images = new ArrayList<>();
        walk(directory, open, images, Integer.MAX_VALUE);
        images.sort(NaturalOrder.INSTANCE);
        return images;
    }

    /** Counts of the files skipped so far. */
    public SkippedFiles skipped() {
        return skipped;
    }

    /** Lists the subdirectories of a directory, without hidden ones and cycles, in natural order. */
    List<String> directories(String directory) {
        String root = realPath(directory);
        List<String> names = new ArrayList<>();
        for (DirectoryLister.Entry entry : entries(directory)) {
            if (entry.kind() == DirectoryLister.Kind.FILE && isImage(entry.name())) {
                skipped.outsideOfClasses(entry.path());
            }
            if (entry.kind() != DirectoryLister.Kind.DIRECTORY) continue;
            if (isCycle(realPath(entry.path()), List.of(root))) skipped.cycle(entry.path());
            else names.add(entry.name());
        }
        return names;
    }

    /** Lists a directory without its hidden entries, in natural order. */
    private List<DirectoryLister.Entry> entries(String directory) {
        try {
            return lister.list(directory).stream()
                    .filter(entry -> !isHidden(entry.name()))
                    .sorted((a, b) -> NaturalOrder.INSTANCE.compare(a.name(), b.name()))
                    .toList();
        } catch (IOException e) {
            throw cannotList(directory, e);
        }
    }

    /**
     * @param open real paths of the directories from the root to the current one
     * @param limit number of images after which the walk ends
     */
    private void walk(String directory, List<String> open, List<String> images, int limit) {
        String real = realPath(directory);
        if (isCycle(real, open)) {
            skipped.cycle(directory);
            return;
        }
        open.add(real);
        for (DirectoryLister.Entry entry : entries(directory)) {
            if (images.size() >= limit) break;
            switch (entry.kind()) {
                case DIRECTORY -> walk(entry.path(), open, images, limit);
                case FILE -> {
                    if (isImage(entry.name())) images.add(entry.path());
                    else skipped.unknownType(entry.name());
                }
                case BROKEN_LINK -> skipped.brokenLink(entry.path());
                case OTHER -> skipped.special(entry.path());
            }
        }
        open.remove(open.size() - 1);
    }

    private static boolean isCycle(String real, List<String> open) {
        return open.stream().anyMatch(outer -> outer.equals(real) || isBelow(outer, real));
    }

    private static boolean isBelow(String path, String directory) {
        return path.startsWith(directory.endsWith("/") ? directory : directory + "/")
                || path.startsWith(directory + java.io.File.separator);
    }

    private String realPath(String directory) {
        try {
            return lister.realPath(directory);
        } catch (IOException e) {
            throw cannotList(directory, e);
        }
    }

    static ConfigError cannotList(String directory, IOException e) {
        return new ConfigError(directory + ": cannot be listed: " + org.vit4j.io.AtomicFiles.reason(e), e);
    }
}
