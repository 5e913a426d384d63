package org.vit4j.data.shards;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;

/** The images of several shards, with indices over all of them. */
final class ShardStore {
    private final List<Shard> shards;
    private final int[] first;

    ShardStore(List<Shard> shards) {
        this.shards = List.copyOf(shards);
        this.first = new int[shards.size() + 1];
        for (int i = 0; i < shards.size(); i++) {
            try {
                first[i + 1] = Math.addExact(first[i], shards.get(i).size());
            } catch (ArithmeticException e) {
                throw new ConfigError(shards.get(i).file() + ": more than 2^31 images in all shards", e);
            }
        }
    }

    /** Indexes files in parallel. */
    static ShardStore of(ShardFormat format, List<Path> files, ShardConfig config) {
        return new ShardStore(
                files.parallelStream().map(file -> format.index(file, config)).toList());
    }

    List<Shard> shards() {
        return shards;
    }

    int size() {
        return first[shards.size()];
    }

    /** Index of the first image of a shard. */
    int first(int shard) {
        return first[shard];
    }

    /** Shard of an image. */
    int shard(int index) {
        int found = Arrays.binarySearch(first, index);
        return found >= 0 ? found : -found - 2; // shards are not empty
    }

    String name(int index) {
        int shard = shard(index);
        return shards.get(shard).name(index - first[shard]);
    }

    /** Mean bytes of an encoded image. */
    long meanBytes() {
        return shards.stream().mapToLong(Shard::bytes).sum() / Math.max(1, size());
    }

    /** The file of an image, a slash, and its key in the file. */
    String path(int index) {
        int shard = shard(index);
        return shards.get(shard).file() + "/" + shards.get(shard).key(index - first[shard]);
    }

    /** Access by one thread. At most one file is open. */
    StoreCursor open() {
        return new StoreCursor();
    }

    /** Reads images of all shards. */
    final class StoreCursor implements AutoCloseable {
        private int current = -1;
        private Shard.ShardCursor cursor;

        /** @throws ConfigError if the file cannot be read */
        byte[] read(int index) {
            int shard = shard(index);
            try {
                if (shard != current) {
                    close();
                    cursor = shards.get(shard).open();
                    current = shard;
                }
                return cursor.read(index - first[shard]);
            } catch (IOException e) {
                throw new ConfigError(shards.get(shard).file() + ": " + reason(e), e);
            }
        }

        private static String reason(IOException e) {
            if (e instanceof org.vit4j.parquet.ParquetFormatException) return e.getMessage();
            return "cannot be read: " + AtomicFiles.reason(e);
        }

        @Override
        public void close() {
            if (cursor == null) return;
            try {
                cursor.close();
            } catch (IOException e) {
                // Harmless: the file was only read.
            }
            cursor = null;
            current = -1;
        }
    }
}
