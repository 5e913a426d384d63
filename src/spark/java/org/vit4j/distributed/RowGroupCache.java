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
 * Random access to the pictures of a table. A row group is read whole, once a process, when the first picture of it is wanted;
 * its pictures, still encoded, then lie in a temporary file on the local disk.
 */
final class RowGroupCache {
    private final String column;
    private final List<ParquetTable.RowGroup> groups;
    private final int[] first;
    private final Map<Integer, CachedRowGroup> spooled = new ConcurrentHashMap<>();

    private record CachedRowGroup(FileChannel file, long[] offsets) {}

    RowGroupCache(String column, List<ParquetTable.RowGroup> groups) {
        this.column = column;
        this.groups = groups;
        this.first = new int[groups.size() + 1];
        for (int i = 0; i < groups.size(); i++)
            first[i + 1] = first[i] + groups.get(i).rows();
    }

    /** The encoded bytes of a row, counted over all groups. */
    byte[] picture(int row) {
        int found = java.util.Arrays.binarySearch(first, row);
        int group = found >= 0 ? found : -found - 2;
        // Groups without rows begin where the next one does.
        while (groups.get(group).rows() == 0) group++;
        CachedRowGroup in = spooled.computeIfAbsent(group, this::spool);
        int at = row - first[group];
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(in.offsets[at + 1] - in.offsets[at]));
        try {
            while (bytes.hasRemaining()) {
                if (in.file.read(bytes, in.offsets[at] + bytes.position()) < 0) throw new IOException("ends too early");
            }
        } catch (IOException e) {
            throw new ConfigError("the spool of " + groups.get(group).file() + " cannot be read: " + e.getMessage(), e);
        }
        return bytes.array();
    }

    private CachedRowGroup spool(int group) {
        ParquetTable.RowGroup of = groups.get(group);
        try (ParquetFileReader reader = ParquetRows.open(of.file())) {
            List<byte[]> pictures = ParquetRows.bytes(reader, of.number(), column);
            long[] offsets = new long[pictures.size() + 1];
            Path path = Files.createTempFile("vit4j-spool", ".bin");
            FileChannel file = FileChannel.open(
                    path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
            for (int i = 0; i < pictures.size(); i++) {
                ByteBuffer bytes = ByteBuffer.wrap(pictures.get(i));
                while (bytes.hasRemaining()) file.write(bytes);
                offsets[i + 1] = offsets[i] + pictures.get(i).length;
            }
            return new CachedRowGroup(file, offsets);
        } catch (IOException | RuntimeException e) {
            throw ParquetRows.corrupt(of.file() + ": row group " + of.number(), e);
        }
    }
}
