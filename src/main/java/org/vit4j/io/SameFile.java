package org.vit4j.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Compares paths, to protect what a program reads from what it writes. */
public final class SameFile {
    private SameFile() {}

    /** Returns true if two paths are of one file, also through links, or would be once they exist. */
    public static boolean test(Path first, Path second) throws IOException {
        if (Files.exists(first) && Files.exists(second)) return Files.isSameFile(first, second);
        return first.toAbsolutePath().normalize().equals(second.toAbsolutePath().normalize());
    }
}
