package org.vit4j.data.datasets;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.io.AtomicFiles;

/** Finds and reads the files of a dataset. Errors say which files are expected and where to download them. */
public final class DataFiles {
    private DataFiles() {}

    /** Replaces {@code ~} by the home directory. */
    public static Path expand(String path) {
        return UserPath.of(path);
    }

    /** Returns the directory with the file: {@code directory}, or {@code unpacked} in it, as in the dataset's archive. */
    static Path within(Path directory, String unpacked, String file, String expected) {
        if (!Files.isDirectory(directory)) {
            String problem = Files.exists(directory) ? "is not a directory" : "does not exist";
            throw new ConfigError(directory + ": " + problem + "; expected " + expected);
        }
        if (Files.isRegularFile(directory.resolve(file))) return directory;
        Path below = directory.resolve(unpacked);
        if (Files.isRegularFile(below.resolve(file))) return below;
        throw new ConfigError(directory + ": has no " + file + "; expected " + expected);
    }

    /** Returns the first of several file names that exists. */
    static Path first(Path directory, List<String> names, String expected) {
        for (String name : names) {
            Path file = directory.resolve(name);
            if (Files.isRegularFile(file)) return file;
        }
        throw new ConfigError(directory + ": has no " + names.get(0) + "; expected " + expected);
    }

    static byte[] read(Path file, String expected) {
        if (!Files.isRegularFile(file)) throw new ConfigError(file + ": does not exist; expected " + expected);
        try {
            byte[] bytes = Files.readAllBytes(file);
            return file.toString().endsWith(".gz") ? unzip(bytes) : bytes;
        } catch (EOFException | ZipException e) {
            throw new ConfigError(file + ": is truncated or not a gzip file; download it again", e);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
    }

    private static byte[] unzip(byte[] bytes) throws IOException {
        try (var in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
            return in.readAllBytes();
        }
    }
}
