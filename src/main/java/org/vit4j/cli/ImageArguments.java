package org.vit4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.vit4j.config.ConfigError;
import org.vit4j.data.ImageFinder;
import org.vit4j.data.LocalDirectories;

/** Files and directories of images, as arguments of a command. */
final class ImageArguments {
    private ImageArguments() {}

    /**
     * Replaces each directory by the images in it, at any depth; files stay as they are.
     *
     * @param notes takes a line about what was left out of a directory
     * @throws ConfigError when one does not exist, or a directory has no images
     */
    static List<Path> files(List<Path> given, Consumer<String> notes) {
        List<Path> files = new ArrayList<>();
        for (Path path : given) {
            if (!Files.exists(path)) {
                String what = Files.isSymbolicLink(path) ? "is a broken link" : "no such file or directory";
                throw new ConfigError(path + ": " + what);
            }
            if (Files.isDirectory(path)) files.addAll(images(path, notes));
            else files.add(path);
        }
        return files;
    }

    private static List<Path> images(Path directory, Consumer<String> notes) {
        ImageFinder finder = new ImageFinder(new LocalDirectories());
        List<String> images = finder.images(directory.toString());
        List<String> skipped = finder.skipped().lines();
        if (images.isEmpty()) {
            String found = skipped.isEmpty() ? "" : "; " + String.join("; ", skipped);
            throw new ConfigError(directory + ": has no images" + found);
        }
        skipped.forEach(line -> notes.accept(directory + ": " + line));
        return images.stream()
                .map(image -> directory.getFileSystem().getPath(image))
                .toList();
    }
}
