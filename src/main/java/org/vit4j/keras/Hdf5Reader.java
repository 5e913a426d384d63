package org.vit4j.keras;

import io.jhdf.HdfFile;
import io.jhdf.api.Dataset;
import io.jhdf.api.Group;
import io.jhdf.api.Node;
import io.jhdf.api.dataset.ContiguousDataset;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Shape;
import org.vit4j.io.Uninterrupted;

/** Reads datasets from an HDF5 file of any origin. The only class that uses the HDF5 library. */
final class Hdf5Reader implements AutoCloseable {
    private final HdfFile file;
    private final String label;

    private Hdf5Reader(HdfFile file, String label) {
        this.file = file;
        this.label = label;
    }

    /** @param label of the file in error messages */
    static Hdf5Reader open(Path path, String label) throws IOException {
        try {
            return new Hdf5Reader(Uninterrupted.run(() -> file(path)), label);
        } catch (RuntimeException | StackOverflowError e) {
            throw damaged(label, e);
        }
    }

    /**
     * Opens the file in mapped memory, where sizes beyond the end of the file are detected. Over a channel, the library
     * allocates whatever a damaged header declares; only files above 2 GB, which cannot be mapped, use that.
     */
    private static HdfFile file(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            if (channel.size() > Integer.MAX_VALUE) return new HdfFile(path);
            return HdfFile.fromByteBuffer(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
        }
    }

    /** Returns all elements of a float32 dataset in row-major order. */
    float[] floats(String path, Shape expected) {
        try {
            return Uninterrupted.run(() -> read(path, expected)); // files above 2 GB are read through a channel
        } catch (ConfigError e) {
            throw e;
        } catch (IOException | RuntimeException | StackOverflowError e) {
            throw damaged(label, e);
        }
    }

    private float[] read(String path, Shape expected) {
        Dataset dataset = dataset(path);
        // Keras writes contiguous datasets. Chunked ones may be compressed and unpack to any size.
        if (!(dataset instanceof ContiguousDataset)) {
            throw new ConfigError(label + ": " + path + " is chunked, expected a contiguous dataset");
        }
        if (dataset.getJavaType() != float.class) {
            throw new ConfigError(
                    label + ": " + path + " holds " + dataset.getJavaType().getSimpleName() + ", expected float32");
        }
        int[] dims = dataset.getDimensions();
        if (!Arrays.equals(dims, expected.toArray())) {
            throw new ConfigError(
                    label + ": " + path + " has shape " + Arrays.toString(dims) + ", expected " + expected);
        }
        return (float[]) dataset.getDataFlat();
    }

    /** Resolves the path one group at a time. The library's own lookup follows links, even into other files. */
    private Dataset dataset(String path) {
        Node node = file;
        for (String name : path.split("/", -1)) {
            node = node instanceof Group group ? group.getChild(name) : null;
        }
        if (node instanceof Dataset dataset) return dataset;
        throw new ConfigError(label + ": missing dataset " + path);
    }

    /** The library throws arbitrary runtime exceptions on damaged files. */
    private static ConfigError damaged(String label, Throwable cause) {
        return new ConfigError(label + ": not an HDF5 file, or damaged", cause);
    }

    @Override
    public void close() {
        file.close();
    }
}
