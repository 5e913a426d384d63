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

/** Reads datasets out of an HDF5 file, whoever wrote it; the only user of the HDF5 library. */
final class Hdf5Reader implements AutoCloseable {
    private final HdfFile file;
    private final String label;

    private Hdf5Reader(HdfFile file, String label) {
        this.file = file;
        this.label = label;
    }

    /** @param label what to call the file when something is wrong with it */
    static Hdf5Reader open(Path path, String label) throws IOException {
        try {
            return new Hdf5Reader(file(path), label);
        } catch (RuntimeException | StackOverflowError e) {
            throw damaged(label, e);
        }
    }

    /**
     * Over mapped memory, where a header that claims to be larger than the file is noticed; over a channel the library
     * allocates what it claims. Only files beyond what can be mapped are left to that.
     */
    private static HdfFile file(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            if (channel.size() > Integer.MAX_VALUE) return new HdfFile(path);
            return HdfFile.fromByteBuffer(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
        }
    }

    /** All elements of a float32 dataset, row by row. */
    float[] floats(String path, Shape expected) {
        try {
            Dataset dataset = dataset(path);
            // Keras writes plain values. Chunks could unpack to anything, and nobody needs them here.
            if (!(dataset instanceof ContiguousDataset)) {
                throw new ConfigError(label + ": " + path + " is stored in chunks, expected plain values");
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
        } catch (ConfigError e) {
            throw e;
        } catch (RuntimeException | StackOverflowError e) {
            throw damaged(label, e);
        }
    }

    /** Step by step, because the library's own look-up follows links, also into other files. */
    private Dataset dataset(String path) {
        Node node = file;
        for (String name : path.split("/", -1)) {
            node = node instanceof Group group ? group.getChild(name) : null;
        }
        if (node instanceof Dataset dataset) return dataset;
        throw new ConfigError(label + ": there is no dataset " + path);
    }

    /** The library meets a damaged file with any exception it happens to run into. */
    private static ConfigError damaged(String label, Throwable cause) {
        return new ConfigError(label + ": no HDF5 file, or a damaged one", cause);
    }

    @Override
    public void close() {
        file.close();
    }
}
