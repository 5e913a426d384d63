package org.vit4j.config;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Configs packaged in the jar. */
public final class ConfigCatalog {
    private ConfigCatalog() {}

    /** Names of all packaged configs (published variants, recipes and runnable experiments), sorted. */
    public static List<String> names() {
        return Stream.of("", "models/", "recipes/")
                .flatMap(folder -> list(folder).stream())
                .sorted()
                .toList();
    }

    /** Names of the published variants, sorted: {@code deit_tiny_patch16_224}, ... */
    public static List<String> variants() {
        return list("models/");
    }

    private static List<String> list(String folder) {
        try {
            URI location = ConfigCatalog.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI();
            Path root = Path.of(location);
            if (Files.isDirectory(root)) return yamlIn(root.resolve("configs/" + folder));
            try (FileSystem jar = FileSystems.newFileSystem(root, Map.of())) {
                return yamlIn(jar.getPath("/configs/" + folder));
            }
        } catch (IOException | URISyntaxException e) {
            throw new IllegalStateException("the packaged configs cannot be listed", e);
        }
    }

    private static List<String> yamlIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".yaml"))
                    .map(file -> file.substring(0, file.length() - ".yaml".length()))
                    .sorted()
                    .toList();
        }
    }
}
