package org.vit4j.distributed;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.vit4j.config.ConfigError;

/**
 * Random access to the images of a table. Each process reads a complete row group when it first needs one of its
 * images, and stores the encoded images in a temporary file on the local disk.
 */
final class RowGroupCache {
    private final String column;
    private final List<ParquetTable.RowGroup> groups;
    private final int[] first;
    private final Map<Integer, CachedRowGroup> groupCaches = new ConcurrentHashMap<>();

    private record CachedRowGroup(FileChannel file, long[] offsets) {}

    RowGroupCache(String column, List<ParquetTable.RowGroup> groups) {
        this.column = column;
        this.groups = groups;
        this.first = new int[groups.size() + 1];
        for (int i = 0; i < groups.size(); i++)
            first[i + 1] = first[i] + groups.get(i).rows();
    }

    /** Encoded bytes of a row, counted over all groups. */
    byte[] image(int row) {
        int found = java.util.Arrays.binarySearch(first, row);
        int group = found >= 0 ? found : -found - 2;
        // An empty group has the same first row as the next one.
        while (groups.get(group).rows() == 0) group++;
        CachedRowGroup cached = groupCaches.computeIfAbsent(group, this::cache);
        int index = row - first[group];
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(cached.offsets[index + 1] - cached.offsets[index]));
        try {
            while (bytes.hasRemaining()) {
                if (cached.file.read(bytes, cached.offsets[index] + bytes.position()) < 0)
                    throw new IOException("unexpected end of file");
            }
        } catch (IOException e) {
            throw new ConfigError(groups.get(group).file() + ": its local cache cannot be read: " + e.getMessage(), e);
        }
        return bytes.array();
    }

    private CachedRowGroup cache(int group) {
        ParquetTable.RowGroup of = groups.get(group);
        try (ParquetFileReader reader = ParquetRows.open(of.file())) {
            List<byte[]> images = ParquetRows.bytes(reader, of.number(), column);
            long[] offsets = new long[images.size() + 1];
            Path path = Files.createTempFile("vit4j-cache", ".bin");
            FileChannel file = FileChannel.open(
                    path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
            for (int i = 0; i < images.size(); i++) {
                ByteBuffer bytes = ByteBuffer.wrap(images.get(i));
                while (bytes.hasRemaining()) file.write(bytes);
                offsets[i + 1] = offsets[i] + images.get(i).length;
            }
            return new CachedRowGroup(file, offsets);
        } catch (IOException | RuntimeException e) {
            throw ParquetRows.corrupt(of.file() + ": row group " + of.number(), e);
        }
    }
}
