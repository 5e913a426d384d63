package org.vit4j.data.shards;

import java.io.IOException;
import java.nio.file.Path;

/** A file of encoded images with labels. Images have indices from 0 in the order of the file. Thread-safe. */
interface Shard {

    Path file();

    int size();

    /** Labels of the images; without values in a file that is read without them. */
    LabelValues labels();

    /** Name of an image for messages, with the file. */
    String name(int index);

    /** Key of an image within the file: that of a tar file's sample, the row of a Parquet file. */
    String key(int index);

    /** Bytes of all encoded images. */
    long bytes();

    /** Opens the file. */
    ShardCursor open() throws IOException;

    /** Access to the encoded images of a shard by one thread; fastest in ascending order. */
    interface ShardCursor extends AutoCloseable {
        /** Reads an encoded image. */
        byte[] read(int index) throws IOException;

        @Override
        void close() throws IOException;
    }
}
