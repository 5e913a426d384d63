package org.vit4j.data.shards;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.vit4j.config.ConfigError;
import org.vit4j.parquet.ColumnPages;
import org.vit4j.parquet.ColumnValues;
import org.vit4j.parquet.ParquetField;
import org.vit4j.parquet.ParquetFile;

/**
 * A Parquet file with a column of encoded images: bytes, or Hugging Face's {@code struct<bytes, path>}.
 *
 * @param image column of the bytes
 * @param column name of the image column
 * @param groups index of the first row of each row group, then the number of rows
 * @param paths of the images, if the file has them
 * @param bytes of all images
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ParquetShard(
        Path file,
        LabelValues labels,
        ParquetField image,
        String column,
        int[] groups,
        Optional<NameList> paths,
        long bytes)
        implements Shard {

    /** @throws ConfigError if the file is corrupt, or a column is missing or has an unexpected type */
    static ParquetShard index(Path file, ShardConfig config) {
        return new ParquetIndexer(file, config).index();
    }

    /** Images without their labels. @throws ConfigError if the file is corrupt, or has no column of images */
    static ParquetShard unlabeled(Path file, ShardConfig config) {
        return new ParquetIndexer(file, config).unlabeled();
    }

    @Override
    public int size() {
        return groups[groups.length - 1];
    }

    @Override
    public String name(int index) {
        String path = paths.map(list -> list.get(index))
                .filter(text -> !text.isEmpty())
                .map(text -> " (" + text + ")")
                .orElse("");
        return file + ": row " + index + path;
    }

    @Override
    public String key(int index) {
        return Integer.toString(index);
    }

    @Override
    public ShardCursor open() throws IOException {
        return new PageCursor(ParquetFile.open(file));
    }

    /** Reads rows through the page that contains them, which stays in memory for the following rows. */
    private final class PageCursor implements ShardCursor {
        private final ParquetFile open;
        private int group = -1;
        private ColumnPages pages;
        private int from; // first row of the page
        private int to; // row after its last
        private Optional<ColumnValues> values = Optional.empty();

        PageCursor(ParquetFile open) {
            this.open = open;
        }

        @Override
        public byte[] read(int index) throws IOException {
            if (group < 0 || index < groups[group] || index >= groups[group + 1] || index < from) seek(index);
            while (index >= to) {
                values = Optional.empty();
                if (!pages.next())
                    throw new EOFException("row group " + group + " has fewer rows than its footer states");
                from = to;
                to = from + pages.rows();
            }
            if (values.isEmpty()) values = Optional.of(pages.values());
            ColumnValues page = values.get();
            if (page.isMissing(index - from))
                throw new ConfigError(name(index) + ": column '" + column + "' has no bytes; write the table with the"
                        + " images in it, such as with embed_external_files=True");
            return page.bytes(index - from);
        }

        /** Starts at the first page of the row group. */
        private void seek(int index) throws IOException {
            int found = Arrays.binarySearch(groups, index);
            group = found >= 0 ? found : -found - 2;
            while (groups[group + 1] == groups[group]) group++; // without rows
            pages = open.pages(group, image);
            from = groups[group];
            to = from;
            values = Optional.empty();
        }

        @Override
        public void close() throws IOException {
            open.close();
        }
    }
}
