package org.vit4j.keras;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.vit4j.config.ConfigError;

/** Temporary copy of an archive's HDF5 weights. HDF5 needs random access, which a compressed entry does not allow. */
record ExtractedHdf5(Hdf5Reader hdf5, Path copy) implements AutoCloseable {
    /** @throws ConfigError if the weights are damaged */
    static ExtractedHdf5 of(KerasZip zip, String label) throws IOException {
        Path copy = Files.createTempFile("vit4j-", ".h5");
        try {
            try (OutputStream out = Files.newOutputStream(copy)) {
                zip.copy(KerasFile.WEIGHTS, out);
            }
            return new ExtractedHdf5(Hdf5Reader.open(copy, label), copy);
        } catch (IOException | ConfigError e) {
            Files.deleteIfExists(copy);
            throw e;
        }
    }

    @Override
    public void close() {
        hdf5.close();
        try {
            Files.deleteIfExists(copy);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
