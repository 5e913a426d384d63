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
 * Pointer files of Git LFS: three lines of text that a clone without Git LFS leaves in place of a large file.
 *
 * <p>Source: git-lfs/git-lfs, {@code docs/spec.md}.
 */
public final class GitLfs {
    /** Bytes from the start of a file that suffice to recognize a pointer; the specification allows no larger one. */
    public static final int LARGEST_POINTER = 1024;

    private static final Pattern VERSION = Pattern.compile(
            "version https?://(git-lfs\\.github\\.com|hawser\\.github\\.com" + "|git-media\\.io)/\\S*\\s.*",
            Pattern.DOTALL);
    private static final Pattern SIZE = Pattern.compile("(?m)^size (\\d{1,18})\\s*$");

    private GitLfs() {}

    /**
     * Describes the problem when a file is a pointer, for an error message behind the file's name.
     *
     * @param start the file's first bytes, {@link #LARGEST_POINTER} of them if it has that many
     * @return empty for any other file
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

    /** Describes the problem when a file is a pointer; empty for any other file, and for one that cannot be read. */
    public static Optional<String> pointer(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return pointer(in.readNBytes(LARGEST_POINTER));
        } catch (IOException e) {
            return Optional.empty(); // its reader reports that
        }
    }
}
