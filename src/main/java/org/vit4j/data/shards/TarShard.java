package org.vit4j.data.shards;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import org.vit4j.config.ConfigError;

/**
 * A tar file of samples, whose members have the same path up to the first dot of the name: {@code n01/0001.jpg} and
 * {@code n01/0001.cls}.
 *
 * @param members names of the images
 * @param offsets of the images in the file
 * @param lengths of the images, in bytes
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record TarShard(Path file, LabelValues labels, NameList members, long[] offsets, int[] lengths) implements Shard {

    /** @throws ConfigError if the file is not a tar file, or one of its samples has no image or no label */
    static TarShard index(Path file, ShardConfig config) {
        return new TarIndexer(file, config, Optional.of(new TarLabels(file, config))).index();
    }

    /** Images without their labels. @throws ConfigError if the file is not a tar file, or a sample has no image */
    static TarShard unlabeled(Path file, ShardConfig config) {
        return new TarIndexer(file, config, Optional.empty()).index();
    }

    @Override
    public int size() {
        return offsets.length;
    }

    @Override
    public String name(int index) {
        return file + "/" + members.get(index);
    }

    @Override
    public String key(int index) {
        String member = members.get(index);
        return member.substring(0, member.indexOf('.', member.lastIndexOf('/') + 1));
    }

    @Override
    public long bytes() {
        return Arrays.stream(lengths).asLongStream().sum();
    }

    @Override
    public ShardCursor open() throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        return new ShardCursor() {
            @Override
            public byte[] read(int index) throws IOException {
                return readFully(channel, offsets[index], lengths[index]);
            }

            @Override
            public void close() throws IOException {
                channel.close();
            }
        };
    }

    static byte[] readFully(FileChannel channel, long offset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, offset + bytes.position()) < 0)
                throw new EOFException("it became shorter than when it was opened");
        }
        return bytes.array();
    }
}
