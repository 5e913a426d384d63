package org.vit4j.run;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.RunException;

/** The directory of a run: {@code config.yaml}, {@code metrics.jsonl}, models, checkpoints. Locked by one process. */
public final class RunDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunDirectory.class);
    private static final String SWEEP = "sweep.json";
    private static final String LOCK = "run.lock";

    /** Depth of the lock files of runs of a sweep, and of runs in the directory of another. */
    private static final int NESTED = 4;

    /**
     * File keys (device and inode) of the lock files that this process has locked. They must not be opened again: POSIX
     * releases all locks of a process on a file when the process closes any of its descriptors. Guarded by the class.
     */
    private static final Set<Object> LOCKED = new HashSet<>();

    private final Path path;
    private final FileChannel channel;
    private final FileLock lock;
    private final Optional<Object> key;

    private RunDirectory(Path path, FileChannel channel, FileLock lock, Optional<Object> key) {
        this.path = path;
        this.channel = channel;
        this.lock = lock;
        this.key = key;
        key.ifPresent(LOCKED::add);
    }

    /**
     * Opens and locks the directory of a new run, or, with {@code resume}, of a run to continue. For a new run, an
     * earlier run in the directory is moved aside, not overwritten.
     *
     * @throws ConfigError if another process is training in it, or the path is a file
     */
    public static RunDirectory open(Path path, boolean resume) {
        if (Files.exists(path) && !Files.isDirectory(path)) {
            throw new ConfigError(path + ": is a file; expected a directory for the run (output.dir or --run)");
        }
        RunDirectory run = lock(path);
        if (resume && Files.exists(path.resolve(SWEEP))) {
            run.close();
            throw new ConfigError(
                    path + ": holds a sweep, not a run; resume the sweep with its --sweep, or one of its runs"
                            + " with --run");
        }
        return resume ? run : moveAsideIfUsed(run);
    }

    /**
     * Opens and locks the directory of a new sweep, or, with {@code resume}, of a sweep to continue. For a new sweep,
     * an earlier run or sweep is moved aside.
     *
     * @throws ConfigError if another process is training in it, or it holds a single run
     */
    static RunDirectory openSweep(Path path, boolean resume) {
        if (Files.exists(path) && !Files.isDirectory(path)) {
            throw new ConfigError(path + ": is a file; expected a directory for the sweep (output.dir or --run)");
        }
        RunDirectory run = lock(path);
        if (resume && Files.exists(run.config())) {
            run.close();
            throw new ConfigError(path + ": holds a single run, not a sweep; use another directory with --run");
        }
        return resume ? run : moveAsideIfUsed(run);
    }

    /**
     * Moves an earlier run or sweep aside. The lock moves with the old directory and is held until the new directory is
     * locked, so that no other process can start in between.
     */
    private static RunDirectory moveAsideIfUsed(RunDirectory run) {
        if (!Files.exists(run.config()) && !Files.exists(run.path.resolve(SWEEP))) return run;
        try {
            moveAside(run.path);
            return lock(run.path);
        } finally {
            run.close();
        }
    }

    private static RunDirectory lock(Path path) {
        try {
            Files.createDirectories(path);
            Optional<RunDirectory> run = tryLock(path);
            if (run.isPresent()) {
                AtomicFiles.discardStale(path, 2);
                return run.get();
            }
        } catch (IOException e) {
            throw new RunException(path + ": cannot be used for a run: " + AtomicFiles.reason(e), e);
        }
        throw new ConfigError(
                path + ": another vit4j process is training in it; wait for it, or use another directory with --run");
    }

    /** Returns true if a process is training in a run directory. */
    static synchronized boolean isInUse(Path path) {
        Path file = path.resolve(LOCK);
        if (!Files.exists(file)) return false;
        if (key(file).filter(LOCKED::contains).isPresent()) return true;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ); // the user may not write
                FileLock lock = tryLock(channel, true)) {
            return lock == null;
        } catch (IOException e) {
            throw new RunException(file + ": cannot be opened: " + AtomicFiles.reason(e), e);
        }
    }

    private static synchronized Optional<RunDirectory> tryLock(Path path) throws IOException {
        Path file = path.resolve(LOCK);
        if (key(file).filter(LOCKED::contains).isPresent()) return Optional.empty();
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = tryLock(channel, false);
        if (lock != null) return Optional.of(new RunDirectory(path, channel, lock, key(file)));
        channel.close();
        return Optional.empty();
    }

    /** Empty if the file does not exist, or on systems without such keys, such as Windows. */
    private static Optional<Object> key(Path file) {
        try {
            return Optional.ofNullable(
                    Files.readAttributes(file, BasicFileAttributes.class).fileKey());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static FileLock tryLock(FileChannel channel, boolean shared) throws IOException {
        try {
            return channel.tryLock(0, Long.MAX_VALUE, shared);
        } catch (OverlappingFileLockException e) {
            return null; // locked by this process
        }
    }

    private static void moveAside(Path path) {
        try {
            Path directory = path.toRealPath(); // a link to it stays, as it may lead to another disk
            if (Path.of("").toRealPath().startsWith(directory)) {
                throw new ConfigError(path + ": holds an earlier run, and is the current directory or above it; use"
                        + " another directory with --run");
            }
            try (Stream<Path> files = Files.walk(directory, NESTED)) {
                files.filter(file -> file.endsWith(LOCK))
                        .map(Path::getParent)
                        .filter(run -> !run.equals(directory) && isInUse(run))
                        .findFirst()
                        .ifPresent(run -> {
                            throw new ConfigError(path
                                    + ": holds an earlier run, which would be moved, but another vit4j process"
                                    + " is training in " + run + "; wait for it, or use another directory with --run");
                        });
            }
            Path aside = aside(directory);
            Files.move(directory, aside);
            Files.createDirectory(directory);
            LOG.info("{} held an earlier run, which was moved to {}", path, aside.getFileName());
        } catch (IOException e) {
            throw new RunException(
                    path + ": holds an earlier run that cannot be moved aside: " + AtomicFiles.reason(e), e);
        }
    }

    /** The first name for an earlier run that does not exist. */
    private static Path aside(Path directory) {
        for (int i = 1; ; i++) {
            Path aside = directory.resolveSibling(directory.getFileName() + "~" + i);
            if (!Files.exists(aside)) return aside;
        }
    }

    public Path path() {
        return path;
    }

    /** Resolved config; it reproduces the run. */
    public Path config() {
        return path.resolve("config.yaml");
    }

    /** Best model so far. */
    public Path model() {
        return path.resolve("model.keras");
    }

    /** Evaluation of the best model so far. */
    Path evaluation() {
        return path.resolve("evaluation.json");
    }

    /** Model after the last epoch. */
    public Path last() {
        return path.resolve("last.keras");
    }

    /** Moving average of the weights after the last epoch, if averaging is on. */
    Path lastEma() {
        return path.resolve("last-ema.keras");
    }

    Path checkpoints() {
        return path.resolve("checkpoints");
    }

    /** Describes why a directory without a config cannot be resumed. */
    static String noRunReason(Path path) {
        if (!Files.exists(path)) return "there is no such directory; set --run to the directory of the run to resume";
        if (Files.exists(path.resolve(SWEEP))) {
            return "holds a sweep, not a run; resume the sweep with its config and --sweep, or one of its runs with"
                    + " --run";
        }
        return "holds no run to resume (no config.yaml); pass a config to start one";
    }

    /** @throws RunException if epochs were finished in this directory but there is no checkpoint to continue from */
    void checkNoFinishedEpochs() {
        Path metrics = path.resolve("metrics.jsonl");
        try {
            if (!Files.exists(metrics) || Files.size(metrics) == 0) return;
        } catch (IOException e) {
            throw new RunException(metrics + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
        throw new RunException(path
                + ": has finished epochs but no checkpoint to continue from; start a new run without --resume, which"
                + " moves this one aside");
    }

    void write(String name, String text) {
        AtomicFiles.write(path.resolve(name), text);
    }

    @Override
    public void close() {
        synchronized (RunDirectory.class) {
            try {
                lock.release();
                channel.close();
            } catch (IOException e) {
                LOG.debug("the lock of {} could not be released", path, e);
            }
            key.ifPresent(LOCKED::remove);
        }
    }
}
