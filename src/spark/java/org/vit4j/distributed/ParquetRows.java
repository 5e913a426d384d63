package org.vit4j.distributed;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.vit4j.config.ConfigError;
import org.vit4j.io.GitLfs;

/** Reads single columns of row groups. */
final class ParquetRows {
    private ParquetRows() {}

    static ParquetFileReader open(String file) throws IOException {
        Optional<String> pointer;
        try (InputStream in = HadoopFiles.open(file)) {
            pointer = GitLfs.pointer(in.readNBytes(GitLfs.LARGEST_POINTER));
        }
        if (pointer.isPresent()) throw new ConfigError(file + ": " + pointer.get());
        return ParquetFileReader.open(
                HadoopInputFile.fromPath(new Path(file), SparkHadoopUtil.get().conf()));
    }

    /** Error for a file that cannot be parsed. The parser throws exceptions of many types for corrupt files. */
    static ConfigError corrupt(String what, Exception e) {
        if (e instanceof ConfigError known) return known;
        String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return new ConfigError(
                what + ": is truncated or corrupt: " + why.lines().findFirst().orElse(""), e);
    }

    static List<String> texts(ParquetFileReader reader, int group, String column) throws IOException {
        return read(reader, group, column, row -> row.getValueToString(0, 0));
    }

    static List<byte[]> bytes(ParquetFileReader reader, int group, String column) throws IOException {
        return read(reader, group, column, row -> row.getBinary(0, 0).getBytes());
    }

    private static <T> List<T> read(ParquetFileReader reader, int group, String column, Function<Group, T> value)
            throws IOException {
        MessageType all = reader.getFileMetaData().getSchema();
        MessageType one = new MessageType(all.getName(), all.getType(column));
        reader.setRequestedSchema(one);
        PageReadStore pages = reader.readRowGroup(group);
        RecordReader<Group> rows =
                new ColumnIOFactory().getColumnIO(one).getRecordReader(pages, new GroupRecordConverter(one));
        List<T> values = new ArrayList<>();
        for (long row = 0; row < pages.getRowCount(); row++) values.add(value.apply(rows.read()));
        return values;
    }
}
