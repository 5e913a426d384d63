package org.vit4j.config;

import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;

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
        String name = ConfigCatalog.class.getName().replace('.', '/') + ".class";
        URL own = ConfigCatalog.class.getClassLoader().getResource(name);
        try {
            // Also jars in jars, such as those of Spring Boot, whose connections are of this type.
            if (own.openConnection() instanceof JarURLConnection jar)
                return names(jar.getJarFile().stream().map(ZipEntry::getName), "configs/" + folder);
            Path root = Path.of(own.toURI());
            for (int i = 0; i < Path.of(name).getNameCount(); i++) root = root.getParent();
            try (Stream<Path> files = Files.list(root.resolve("configs/" + folder))) {
                return names(files.map(file -> file.getFileName().toString()), "");
            }
        } catch (IOException | URISyntaxException e) {
            throw new IllegalStateException("the packaged configs cannot be listed", e);
        }
    }

    /** Names of YAML files in a folder, without its subfolders. */
    private static List<String> names(Stream<String> files, String folder) {
        return files.filter(file -> file.startsWith(folder) && file.endsWith(".yaml"))
                .map(file -> file.substring(folder.length(), file.length() - ".yaml".length()))
                .filter(file -> !file.contains("/"))
                .sorted()
                .toList();
    }
}
