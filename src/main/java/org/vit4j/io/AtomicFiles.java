package org.vit4j.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.IIOException;

/** Writes files atomically: a file has its old or its new content, even if the process is killed. */
public final class AtomicFiles {
    private static final Pattern TEMPORARY = Pattern.compile("\\..+\\.\\d+\\.tmp");

    /** Temporary files that are being written. */
    private static final Set<Path> UNFINISHED = ConcurrentHashMap.newKeySet();

    private AtomicFiles() {}

    /** Writes the content of a file. */
    @FunctionalInterface
    public interface ContentWriter {
        void write(Path temporary) throws IOException;
    }

    /**
     * Writes a temporary file in the same directory, then renames it.
     *
     * @throws RunException if the file cannot be written; an existing file is then unchanged
     */
    public static void write(Path file, ContentWriter writer) {
        Path target = target(file);
        Path temporary = temporary(target);
        UNFINISHED.add(temporary);
        try {
            Files.createDirectories(target.getParent());
            writer.write(temporary);
            // Flush the content before the rename: after a crash the file must not exist with missing content.
            Uninterrupted.run(() -> flush(temporary, StandardOpenOption.WRITE));
            move(temporary, target);
        } catch (IOException e) {
            throw new RunException(file + ": cannot be written: " + reason(e), e);
        } finally {
            discard(temporary);
            UNFINISHED.remove(temporary);
        }
    }

    /** Deletes the temporary files that are being written. For processes that end without waiting for their writers. */
    public static void discardUnfinished() {
        UNFINISHED.forEach(AtomicFiles::discard);
    }

    private static Path flush(Path file, OpenOption access) throws IOException {
        try (FileChannel channel = FileChannel.open(file, access)) {
            channel.force(true);
        }
        return file;
    }

    /** The file to replace: that which a symbolic link points to. Devices and pipes cannot be replaced. */
    private static Path target(Path file) {
        Path target = file.toAbsolutePath();
        try {
            if (Files.isSymbolicLink(target) && Files.exists(target)) target = target.toRealPath();
        } catch (IOException e) {
            throw new RunException(file + ": cannot be written: " + reason(e), e);
        }
        boolean special = Files.exists(target) && !Files.isRegularFile(target) && !Files.isDirectory(target);
        if (special) throw new RunException(file + ": cannot be written: it is a device or a pipe, not a file");
        return target;
    }

    /** A new name in the directory of a file. It is random: several threads, or processes in containers, may write one file. */
    private static Path temporary(Path target) {
        long number = ThreadLocalRandom.current().nextLong(Long.MAX_VALUE);
        return target.resolveSibling("." + shortened(target.getFileName().toString()) + "." + number + ".tmp");
    }

    /** Shortens long names: with the suffix a name could exceed the file system's limit of 255 bytes. */
    private static String shortened(String name) {
        return name.length() <= 48 ? name : ShortText.prefix(name, 40) + Integer.toHexString(name.hashCode());
    }

    /** Writes text in UTF-8. */
    public static void write(Path file, String text) {
        write(file, temporary -> Files.writeString(temporary, text, StandardCharsets.UTF_8));
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
        // Flush the directory too, so that the rename survives a crash. Not every system allows that.
        try {
            Uninterrupted.run(() -> flush(to.getParent(), StandardOpenOption.READ));
        } catch (IOException e) {
            // Not supported: the system flushes the directory later.
        }
    }

    /**
     * Deletes temporary files of killed processes. No other process may be writing in the directory.
     *
     * @param depth 1 for the directory, 2 for its subdirectories too
     */
    public static void discardStale(Path directory, int depth) {
        try (Stream<Path> files = Files.walk(directory, depth)) {
            files.filter(file ->
                            TEMPORARY.matcher(file.getFileName().toString()).matches())
                    .forEach(AtomicFiles::discard);
        } catch (IOException | UncheckedIOException e) {
            // Harmless, as in discard.
        }
    }

    private static void discard(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            // A remaining temporary file is harmless; the write has not failed.
        }
    }

    /** Short reason for an error message. The message of file system exceptions is often only the path. */
    public static String reason(IOException e) {
        if (e instanceof ClosedByInterruptException) return "the thread was interrupted";
        if (e instanceof java.nio.file.AccessDeniedException) return "permission denied";
        if (e instanceof java.nio.file.NoSuchFileException) return "no such directory";
        if (e instanceof java.nio.file.FileAlreadyExistsException) return "a file exists where a directory is expected";
        if (e instanceof java.nio.file.FileSystemException f && f.getReason() != null) return f.getReason();
        // The message of ImageIO's writers is only that they failed.
        if (e instanceof IIOException && e.getCause() instanceof IOException cause) return reason(cause);
        return e.getMessage();
    }
}
