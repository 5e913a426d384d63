package org.vit4j.data.shards;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageFile;

/** Images of shards in the order of the files, without their labels. Thread-safe; fastest in ascending order. */
public final class UnlabeledImages {
    private final ShardStore store;
    private final ShardStore.StoreCursor cursor;

    private UnlabeledImages(ShardStore store) {
        this.store = store;
        this.cursor = store.open();
    }

    /**
     * Finds the shards that an argument names.
     *
     * @param path file, pattern of files, or a directory, whose shards at any depth are meant
     * @return the files; empty if it is a file of another kind, does not exist, or is a directory without shards
     * @throws ConfigError if a pattern matches no file, or a shard is compressed
     */
    public static List<Path> files(String path) {
        Path place = UserPath.of(path);
        if (Files.isDirectory(place))
            return Arrays.stream(ShardFormat.values())
                    .flatMap(format -> ShardFiles.listed(format, place).stream())
                    .toList();
        Optional<ShardFormat> format = format(path);
        if (format.isEmpty()) return List.of();
        Stream<Path> files = Stream.of(place);
        if (!Files.exists(place) && FilePatterns.isPattern(path)) files = FilePatterns.files("predict", path).stream();
        return files.filter(Files::exists).toList();
    }

    /** Returns true for the name of a shard. @throws ConfigError if it is one that is compressed */
    public static boolean isShard(String path) {
        return format(path).isPresent();
    }

    private static Optional<ShardFormat> format(String path) {
        return Arrays.stream(ShardFormat.values())
                .filter(format -> UserPath.of(path).getFileName() != null && format.matches(UserPath.of(path)))
                .findFirst();
    }

    /**
     * Reads where the images of the files are.
     *
     * @param files of any of the formats
     * @param imageColumn column of the images; in tar files their extension
     * @throws ConfigError if one is corrupt or has no images
     */
    public static UnlabeledImages open(List<Path> files, Optional<String> imageColumn) {
        ShardConfig config =
                new ShardConfig(List.of(), List.of(), ShardConfig.DEFAULT_BUFFER, imageColumn, Optional.empty());
        return new UnlabeledImages(new ShardStore(files.parallelStream()
                .map(file -> format(file.toString()).orElseThrow().unlabeled(file, config))
                .toList()));
    }

    /** Number of images. */
    public int size() {
        return store.size();
    }

    /** Path of an image: the file, a slash, and the key of the sample in a tar file or the row in a Parquet file. */
    public String path(int index) {
        return store.path(index);
    }

    /**
     * Reads an image.
     *
     * @param channels 1 or 3
     * @throws ConfigError if it cannot be read
     */
    public Image image(int index, int channels, long maxPixels) {
        return ImageFile.read(bytes(index), store.name(index), channels, maxPixels);
    }

    /** One cursor for all threads, so that a page is unpacked once. */
    private synchronized byte[] bytes(int index) {
        return cursor.read(index);
    }
}
