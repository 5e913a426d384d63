package org.vit4j.data.shards;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.vit4j.config.ConfigError;

/** Formats of shards. */
public enum ShardFormat {
    /** Tar files with one image and its label per sample, as the Python package webdataset writes them. */
    WEBDATASET(".tar", List.of(".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")) {
        @Override
        Shard index(Path file, ShardConfig config) {
            return TarShard.index(file, config);
        }

        @Override
        Shard unlabeled(Path file, ShardConfig config) {
            return TarShard.unlabeled(file, config);
        }
    },
    /** Parquet files with a column of encoded images and one of labels, as Hugging Face's datasets writes them. */
    PARQUET(".parquet", List.of(".parquet.gz", ".parquet.zst")) {
        @Override
        Shard index(Path file, ShardConfig config) {
            return ParquetShard.index(file, config);
        }

        @Override
        Shard unlabeled(Path file, ShardConfig config) {
            return ParquetShard.unlabeled(file, config);
        }
    };

    private final String extension;

    @SuppressWarnings("ImmutableEnumChecker") // made by List.of
    private final List<String> compressed;

    ShardFormat(String extension, List<String> compressed) {
        this.extension = extension;
        this.compressed = compressed;
    }

    /** Reads the labels of a file, and where its images are. */
    abstract Shard index(Path file, ShardConfig config);

    /** Reads where the images of a file are, which needs no labels. */
    abstract Shard unlabeled(Path file, ShardConfig config);

    /** Extension of the files, with the dot. */
    public String extension() {
        return extension;
    }

    /**
     * Returns true for the name of a shard.
     *
     * @throws ConfigError if it is one that is compressed
     */
    boolean matches(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        for (String other : compressed) {
            if (name.endsWith(other))
                throw new ConfigError(
                        file + ": is compressed, so that its images cannot be read in random order; unpack"
                                + " it to a " + extension + " file (encoded images hardly become smaller)");
        }
        return isNameOf(name);
    }

    /** Returns true for the name of a shard that is not compressed, in any case. */
    boolean isNameOf(String name) {
        return name.toLowerCase(Locale.ROOT).endsWith(extension);
    }
}
