package org.vit4j.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Detects pointer files of Git LFS: three lines of text that replace a large file in a clone made without Git LFS.
 *
 * <p>Source: git-lfs/git-lfs, {@code docs/spec.md}.
 */
public final class GitLfs {
    /** Maximum size of a pointer file in bytes, by the specification. */
    public static final int LARGEST_POINTER = 1024;

    private static final Pattern VERSION = Pattern.compile(
            "version https?://(git-lfs\\.github\\.com|hawser\\.github\\.com" + "|git-media\\.io)/\\S*\\s.*",
            Pattern.DOTALL);
    private static final Pattern SIZE = Pattern.compile("(?m)^size (\\d{1,18})\\s*$");

    private GitLfs() {}

    /**
     * Returns an error message, without the file's name, if a file is a pointer.
     *
     * @param start first bytes of the file, at least {@link #LARGEST_POINTER} unless the file is shorter
     * @return empty if the file is not a pointer
     */
    public static Optional<String> pointer(byte[] start) {
        if (start.length == 0 || start[0] != 'v') return Optional.empty();
        int length = Math.min(start.length, LARGEST_POINTER);
        String text = new String(start, 0, length, StandardCharsets.ISO_8859_1);
        if (!VERSION.matcher(text).matches()) return Optional.empty();
        Matcher size = SIZE.matcher(text);
        String bytes = size.find() ? " of " + size.group(1) + " bytes" : "";
        return Optional.of("is a Git LFS pointer, not the file itself" + bytes
                + "; run 'git lfs install' and 'git lfs pull' in its repository, or download the file again");
    }

    /** Returns an error message if a file is a pointer; empty if it is not, or cannot be read. */
    public static Optional<String> pointer(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return pointer(in.readNBytes(LARGEST_POINTER));
        } catch (IOException e) {
            return Optional.empty(); // reported when the file is read
        }
    }
}
