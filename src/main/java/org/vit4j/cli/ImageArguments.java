package org.vit4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.vit4j.config.ConfigError;
import org.vit4j.data.datasets.ImageFinder;
import org.vit4j.data.datasets.LocalDirectories;

/** Arguments of a command that name image files or directories of images. */
final class ImageArguments {
    private ImageArguments() {}

    /**
     * Replaces each directory by the images in it, at any depth; files stay as they are.
     *
     * @param notes receives a line for each kind of file that was skipped in a directory
     * @throws ConfigError if an argument does not exist or a directory contains no images
     */
    static List<Path> files(List<Path> arguments, Consumer<String> notes) {
        List<Path> files = new ArrayList<>();
        for (Path path : arguments) {
            if (!Files.exists(path)) {
                String problem = Files.isSymbolicLink(path) ? "is a broken link" : "no such file or directory";
                throw new ConfigError(path + ": " + problem);
            }
            if (Files.isDirectory(path)) files.addAll(images(path, notes));
            else files.add(path);
        }
        return files;
    }

    /** Returns true if there is an image in a directory, at any depth. */
    static boolean hasImages(Path directory) {
        return new ImageFinder(new LocalDirectories()).hasImages(directory.toString());
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
