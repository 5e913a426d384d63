package org.vit4j.data.datasets;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/** Lists directories of the local file system. */
public final class LocalDirectories implements DirectoryLister {

    @Override
    public List<Entry> list(String directory) throws IOException {
        List<Entry> entries = new ArrayList<>();
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(Path.of(directory))) {
            for (Path path : paths)
                entries.add(new Entry(path.toString(), path.getFileName().toString(), kind(path)));
        } catch (java.nio.file.DirectoryIteratorException e) {
            throw e.getCause();
        }
        return entries;
    }

    private static Kind kind(Path path) throws IOException {
        try {
            BasicFileAttributes target = Files.readAttributes(path, BasicFileAttributes.class);
            if (target.isDirectory()) return Kind.DIRECTORY;
            return target.isRegularFile() ? Kind.FILE : Kind.OTHER;
        } catch (NoSuchFileException e) {
            return Kind.BROKEN_LINK;
        } catch (IOException e) {
            // The system reports a link to itself by an error without a specific exception type.
            if (Files.isSymbolicLink(path)) return Kind.BROKEN_LINK;
            throw e;
        }
    }

    @Override
    public String realPath(String directory) throws IOException {
        return Path.of(directory).toRealPath().toString();
    }

    @Override
    public boolean isDirectory(String path) {
        return Files.isDirectory(Path.of(path));
    }

    @Override
    public String resolve(String directory, String name) {
        return Path.of(directory).resolve(name).toString();
    }
}
