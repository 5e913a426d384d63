package org.vit4j.parquet;

import io.airlift.compress.lz4.Lz4Decompressor;
import io.airlift.compress.snappy.SnappyDecompressor;
import io.airlift.compress.zstd.ZstdCompressor;
import io.airlift.compress.zstd.ZstdDecompressor;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import org.brotli.dec.BrotliInputStream;

/** Compression of pages. */
enum ParquetCodec {
    UNCOMPRESSED(0),
    SNAPPY(1),
    GZIP(2),
    LZO(3),
    BROTLI(4),
    /** LZ4 in Hadoop's frames, which is deprecated. */
    LZ4(5),
    ZSTD(6),
    LZ4_RAW(7);

    private final int number;

    ParquetCodec(int number) {
        this.number = number;
    }

    /** The codec with a number in files. */
    static ParquetCodec of(int number) throws ParquetFormatException {
        for (ParquetCodec codec : values()) if (codec.number == number) return codec;
        throw new ParquetFormatException("is compressed with an unknown codec (" + number + ")");
    }

    /** Number in files. */
    int number() {
        return number;
    }

    /**
     * Decompresses a page.
     *
     * @param out filled from {@code offset} to its end
     */
    void decompress(byte[] in, int from, int length, byte[] out, int offset) throws IOException {
        int size = out.length - offset;
        if (size == 0) return; // Some writers compress no values to a few bytes.
        int written = switch (this) {
            case UNCOMPRESSED -> copy(in, from, length, out, offset);
            case SNAPPY -> new SnappyDecompressor().decompress(in, from, length, out, offset, size);
            case ZSTD -> new ZstdDecompressor().decompress(in, from, length, out, offset, size);
            case LZ4_RAW -> new Lz4Decompressor().decompress(in, from, length, out, offset, size);
            case GZIP -> fill(new GZIPInputStream(new ByteArrayInputStream(in, from, length)), out, offset);
            case BROTLI -> fill(new BrotliInputStream(new ByteArrayInputStream(in, from, length)), out, offset);
            case LZO, LZ4 ->
                throw new ParquetFormatException("is compressed with " + name()
                        + ", which is not supported; write it with Snappy, Zstandard, gzip or without compression");
        };
        if (written != size) throw new EOFException("a page has " + written + " bytes, expected " + size);
    }

    private static int copy(byte[] in, int from, int length, byte[] out, int offset) {
        System.arraycopy(in, from, out, offset, length);
        return length;
    }

    private static int fill(InputStream stream, byte[] out, int offset) throws IOException {
        try (stream) {
            return stream.readNBytes(out, offset, out.length - offset);
        }
    }

    /** Compresses a page by Zstandard. */
    static byte[] zstd(byte[] in) {
        ZstdCompressor compressor = new ZstdCompressor();
        byte[] out = new byte[compressor.maxCompressedLength(in.length)];
        int length = compressor.compress(in, 0, in.length, out, 0, out.length);
        return Arrays.copyOf(out, length);
    }
}
