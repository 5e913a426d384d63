package org.vit4j.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Files that are there whole or not at all. */
public final class AtomicFiles {
    private static final Pattern TEMPORARY = Pattern.compile("\\..+\\.\\d+\\.tmp");

    private AtomicFiles() {}

    /** Something that writes a file. */
    @FunctionalInterface
    public interface ContentWriter {
        void write(Path temporary) throws IOException;
    }

    /**
     * Lets {@code writer} write beside {@code file} under another name, then moves it into place.
     *
     * @throws RunException when it cannot be written; what stood there before still stands then
     */
    public static void write(Path file, ContentWriter writer) {
        Path target = file.toAbsolutePath();
        Path temporary =
                target.resolveSibling("." + shortened(target.getFileName().toString()) + "."
                        + ProcessHandle.current().pid() + ".tmp");
        try {
            Files.createDirectories(target.getParent());
            writer.write(temporary);
            // What was moved must be on the disk: a name without its bytes is worse than no file.
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
            move(temporary, target);
        } catch (IOException e) {
            throw new RunException(file + ": cannot be written: " + reason(e), e);
        } finally {
            discard(temporary);
        }
    }

    /** A name may be as long as the system has names: 255 bytes. */
    private static String shortened(String name) {
        return name.length() <= 48 ? name : name.substring(0, 40) + Integer.toHexString(name.hashCode());
    }

    public static void write(Path file, String text) {
        write(file, temporary -> Files.writeString(temporary, text, StandardCharsets.UTF_8));
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
        // The name is on the disk when the directory is, which not every system lets a program ask for.
        try (FileChannel directory = FileChannel.open(to.getParent(), StandardOpenOption.READ)) {
            directory.force(true);
        } catch (IOException e) {
            // Then the system writes it in its own time, as it does without being asked.
        }
    }

    /**
     * Deletes what writers that were killed left half-written below a directory. For a directory in which no other
     * process writes.
     *
     * @param depth 1 for the directory itself, 2 for those in it too
     */
    public static void discardStale(Path directory, int depth) {
        try (Stream<Path> files = Files.walk(directory, depth)) {
            files.filter(file ->
                            TEMPORARY.matcher(file.getFileName().toString()).matches())
                    .forEach(AtomicFiles::discard);
        } catch (IOException | UncheckedIOException e) {
            // As in discard: what stays is a nuisance.
        }
    }

    private static void discard(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            // A temporary file that stays is a nuisance, not a failure of the write.
        }
    }

    /** The reason in a few words; file system exceptions give the bare path as their message. */
    public static String reason(IOException e) {
        if (e instanceof java.nio.file.AccessDeniedException) return "permission denied";
        if (e instanceof java.nio.file.NoSuchFileException) return "no such directory";
        if (e instanceof java.nio.file.FileAlreadyExistsException) return "a file stands where a directory should";
        if (e instanceof java.nio.file.FileSystemException f && f.getReason() != null) return f.getReason();
        return e.getMessage();
    }
}
