package org.vit4j.cli;

import java.nio.file.Path;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageFile;
import org.vit4j.data.shards.UnlabeledImages;

/** An input of {@code predict}. */
sealed interface PredictInput {
    /** Path for the results. */
    String path();

    /**
     * Decodes the image.
     *
     * @param channels 1 or 3
     * @throws org.vit4j.config.ConfigError if it cannot be read
     */
    Image read(int channels, long maxPixels);

    /** A file: an image, or an array of preprocessed images. */
    record FileInput(Path file) implements PredictInput {
        /** Returns true for a .npy file. */
        boolean isArray() {
            return file.toString().endsWith(".npy");
        }

        @Override
        public String path() {
            return file.toString();
        }

        @Override
        public Image read(int channels, long maxPixels) {
            return ImageFile.read(file, channels, maxPixels);
        }
    }

    /** An image of a shard. */
    record ShardInput(UnlabeledImages images, int index) implements PredictInput {
        @Override
        public String path() {
            return images.path(index);
        }

        @Override
        public Image read(int channels, long maxPixels) {
            return images.image(index, channels, maxPixels);
        }
    }
}
