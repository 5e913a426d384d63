package org.vit4j.data;

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

/** Finds and reads the files of a dataset; what is missing is said with what was expected and where to get it. */
public final class DataFiles {
    private DataFiles() {}

    /** {@code ~} is the home directory, as in a shell. */
    public static Path expand(String path) {
        return UserPath.of(path);
    }

    /** The directory itself, or the one below it that the archive unpacks to. */
    static Path within(Path directory, String unpacked, String file, String expected) {
        if (!Files.isDirectory(directory)) {
            String what = Files.exists(directory) ? "is not a directory" : "does not exist";
            throw new ConfigError(directory + ": " + what + "; expected " + expected);
        }
        if (Files.isRegularFile(directory.resolve(file))) return directory;
        Path below = directory.resolve(unpacked);
        if (Files.isRegularFile(below.resolve(file))) return below;
        throw new ConfigError(directory + ": has no " + file + "; expected " + expected);
    }

    /** The first of several spellings that exists. */
    static Path first(Path directory, List<String> spellings, String expected) {
        for (String spelling : spellings) {
            Path file = directory.resolve(spelling);
            if (Files.isRegularFile(file)) return file;
        }
        throw new ConfigError(directory + ": has no " + spellings.get(0) + "; expected " + expected);
    }

    static byte[] read(Path file, String expected) {
        if (!Files.isRegularFile(file)) throw new ConfigError(file + ": does not exist; expected " + expected);
        try {
            byte[] bytes = Files.readAllBytes(file);
            return file.toString().endsWith(".gz") ? unzip(bytes) : bytes;
        } catch (EOFException | ZipException e) {
            throw new ConfigError(file + ": is no gzip file or truncated; download it again", e);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static byte[] unzip(byte[] bytes) throws IOException {
        try (var in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
            return in.readAllBytes();
        }
    }
}
