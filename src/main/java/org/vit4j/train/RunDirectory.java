package org.vit4j.train;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.RunException;

/** The directory of a run: {@code config.yaml}, {@code metrics.jsonl}, models, checkpoints. Held by one process. */
public final class RunDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunDirectory.class);
    private static final String SWEEP = "sweep.json";

    private final Path path;
    private final FileChannel channel;
    private final FileLock lock;

    private RunDirectory(Path path, FileChannel channel, FileLock lock) {
        this.path = path;
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * A directory for a new run, or, with {@code resume}, the one that holds a run to go on with. An earlier run in the
     * way of a new one is moved aside, not overwritten.
     *
     * @throws ConfigError when another process trains in it, or a file stands in its place
     */
    public static RunDirectory open(Path path, boolean resume) {
        if (Files.exists(path) && !Files.isDirectory(path)) {
            throw new ConfigError(path + ": is a file; expected a directory for the run (output.dir or --run)");
        }
        RunDirectory run = lock(path);
        if (resume && Files.exists(path.resolve(SWEEP))) {
            run.close();
            throw new ConfigError(
                    path + ": holds a sweep, not a run; resume it with its --sweep, or one run of it with" + " --run");
        }
        return resume ? run : emptied(run);
    }

    /**
     * A directory for a sweep, or, with {@code resume}, the one that holds it. What is in the way is moved aside.
     *
     * @throws ConfigError when another process trains in it, or it holds a single run
     */
    static RunDirectory openSweep(Path path, boolean resume) {
        if (Files.exists(path) && !Files.isDirectory(path)) {
            throw new ConfigError(path + ": is a file; expected a directory for the sweep (output.dir or --run)");
        }
        RunDirectory run = lock(path);
        if (resume && Files.exists(run.config())) {
            run.close();
            throw new ConfigError(path + ": holds a single run, not a sweep; name another directory with --run");
        }
        return resume ? run : emptied(run);
    }

    /**
     * Moves what is there aside. It stays locked until the new directory is, so that nobody begins in between; the lock
     * goes with the directory.
     */
    private static RunDirectory emptied(RunDirectory run) {
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
            FileChannel channel =
                    FileChannel.open(path.resolve("run.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = tryLock(channel);
            if (lock != null) {
                AtomicFiles.discardStale(path, 2);
                return new RunDirectory(path, channel, lock);
            }
            channel.close();
        } catch (IOException e) {
            throw new RunException(path + ": cannot be used for a run: " + AtomicFiles.reason(e), e);
        }
        throw new ConfigError(path + ": another vit4j is training in it; wait for it, or name another with --run");
    }

    private static FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // held by this very process
        }
    }

    private static void moveAside(Path path) {
        Path name = path.toAbsolutePath().getFileName();
        for (int i = 1; ; i++) {
            Path aside = path.toAbsolutePath().resolveSibling(name + "~" + i);
            if (Files.exists(aside)) continue;
            try {
                Files.move(path, aside);
            } catch (IOException e) {
                throw new RunException(
                        path + ": holds an earlier run that cannot be moved: " + AtomicFiles.reason(e), e);
            }
            LOG.info("{} held an earlier run; it is {} now", path, aside.getFileName());
            return;
        }
    }

    public Path path() {
        return path;
    }

    /** The resolved config; it reproduces the run. */
    public Path config() {
        return path.resolve("config.yaml");
    }

    /** The best model so far. */
    public Path model() {
        return path.resolve("model.keras");
    }

    public Path last() {
        return path.resolve("last.keras");
    }

    /** The moving average of the weights at the end, where there is one. */
    Path lastAverage() {
        return path.resolve("last-ema.keras");
    }

    Path checkpoints() {
        return path.resolve("checkpoints");
    }

    /** Says why a directory without a config cannot be resumed. */
    static String whyNoRun(Path path) {
        if (!Files.exists(path)) return "there is no such directory; --run names the directory of the run to resume";
        if (Files.exists(path.resolve(SWEEP))) {
            return "holds a sweep, not a run; resume it with its config and --sweep, or one run of it with --run";
        }
        return "holds no run to resume (no config.yaml); name a config to start one";
    }

    /** @throws RunException when epochs were finished here, and what they left is not there to go on from */
    void checkNothingIsLost() {
        Path metrics = path.resolve("metrics.jsonl");
        try {
            if (!Files.exists(metrics) || Files.size(metrics) == 0) return;
        } catch (IOException e) {
            throw new RunException(metrics + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
        throw new RunException(
                path + ": has finished epochs but no checkpoint to go on from; start anew without --resume, which"
                        + " moves this run aside");
    }

    void write(String name, String text) {
        AtomicFiles.write(path.resolve(name), text);
    }

    @Override
    public void close() {
        try {
            lock.release();
            channel.close();
        } catch (IOException e) {
            LOG.debug("the lock of {} could not be given back", path, e);
        }
    }
}
