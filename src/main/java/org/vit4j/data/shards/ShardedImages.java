package org.vit4j.data.shards;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.vit4j.config.ConfigError;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.EncodedImages;
import org.vit4j.data.datasets.ImagePass;
import org.vit4j.data.datasets.OnCorrupt;
import org.vit4j.data.datasets.ReadPlan;
import org.vit4j.data.datasets.ShardLayout;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageFile;

/**
 * Images of shards. A loader reads them in the order of the shards ({@link #pass}); single images can be read too, from tar
 * files as fast as from a folder, from Parquet files by reading the page that contains them.
 */
public final class ShardedImages implements Dataset {
    private static final double LARGEST_SHARE = 0.7; // of the heap

    private final ShardStore store;
    private final int[] rows;
    private final EncodedImages images;
    private final int channels;
    private final long maxPixels;
    private final OnCorrupt onCorrupt;
    private final ShardLayout layout;
    private final Queue<ShardStore.StoreCursor> idle = new ConcurrentLinkedQueue<>();

    /**
     * @param origin of the images, for messages
     * @param rows indices in the store, ascending
     * @param labels of the rows
     */
    ShardedImages(
            String origin,
            ShardStore store,
            int[] rows,
            List<Integer> labels,
            List<String> classes,
            int buffer,
            ImageReading reading) {
        this.store = store;
        this.rows = rows;
        this.channels = reading.channels();
        this.maxPixels = reading.maxPixels();
        this.onCorrupt = reading.onCorrupt();
        this.images = new EncodedImages(origin, i -> store.name(rows[i]), labels, classes, this::read, onCorrupt);
        this.layout = new ShardLayout(sizes(), buffer);
    }

    /**
     * Decoding of the images.
     *
     * @param channels 1 or 3
     * @param maxPixels images with more pixels cannot be read
     */
    public record ImageReading(int channels, OnCorrupt onCorrupt, long maxPixels) {}

    private List<Integer> sizes() {
        int[] sizes = new int[store.shards().size()];
        for (int row : rows) sizes[store.shard(row)]++;
        List<Integer> list = new ArrayList<>();
        for (int size : sizes) if (size > 0) list.add(size);
        return list;
    }

    private Image read(int index) {
        ShardStore.StoreCursor cursor = idle.poll();
        if (cursor == null) cursor = store.open();
        try {
            return decode(index, cursor.read(rows[index]));
        } finally {
            // Only as many as threads that read at once.
            idle.add(cursor);
        }
    }

    private Image decode(int index, byte[] bytes) {
        return ImageFile.read(bytes, images.name(index), channels, maxPixels);
    }

    /** Decodes the bytes that a pass has read. A corrupt image is replaced by {@link EncodedImages}, if it is to be skipped. */
    Image decodeOrReplace(int index, byte[] bytes) {
        if (onCorrupt == OnCorrupt.FAIL) return decode(index, bytes);
        try {
            return decode(index, bytes);
        } catch (ConfigError e) {
            return images.image(index);
        }
    }

    /** Image instead of one whose bytes cannot be read. */
    Image replacement(int index, ConfigError problem) {
        if (onCorrupt == OnCorrupt.FAIL) throw problem;
        return images.image(index);
    }

    /** Opens the store for reading the images of a pass. */
    ShardStore.StoreCursor open() {
        return store.open();
    }

    /** @throws ConfigError if the heap cannot hold so many encoded images */
    void requireMemory(int count) {
        double needed = (double) count * store.meanBytes();
        long heap = Runtime.getRuntime().maxMemory();
        if (needed <= LARGEST_SHARE * heap) return;
        throw new ConfigError(String.format(
                Locale.ROOT,
                "data.shuffle_buffer: %d images of %.1f MB need %.1f GB, but the Java heap is limited to %.1f GB; lower"
                        + " data.shuffle_buffer, or raise the limit with VIT4J_JAVA_OPTS=-Xmx%dg",
                count,
                store.meanBytes() / 1e6,
                needed / 1e9,
                heap / 1e9,
                (long) Math.ceil(2 * needed / 1e9)));
    }

    /** Index in the store. */
    int row(int index) {
        return rows[index];
    }

    @Override
    public ImagePass pass(ReadPlan plan) {
        if (plan.reads().length == 0) return Dataset.super.pass(plan);
        return new ReadAhead(this, plan);
    }

    @Override
    public Optional<ShardLayout> shards() {
        return Optional.of(layout);
    }

    @Override
    public int size() {
        return images.size();
    }

    @Override
    public Image image(int index) {
        return images.image(index);
    }

    /** Number of unreadable images replaced so far. */
    public int skipped() {
        return images.skipped();
    }

    @Override
    public boolean decodesOnAccess() {
        return true;
    }

    @Override
    public int label(int index) {
        return images.label(index);
    }

    @Override
    public String name(int index) {
        return images.name(index);
    }

    @Override
    public List<String> classes() {
        return images.classes();
    }
}
