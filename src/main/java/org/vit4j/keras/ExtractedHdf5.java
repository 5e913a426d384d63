package org.vit4j.keras;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.RunException;

/** Temporary copy of an archive's HDF5 weights. HDF5 needs random access, which a compressed entry does not allow. */
record ExtractedHdf5(Hdf5Reader hdf5, Path copy) implements AutoCloseable {
    /** Writes the copy; failures have another exception than those of the archive, which is read meanwhile. */
    private static final class CopyStream extends FilterOutputStream {
        CopyStream(Path copy) throws IOException {
            super(Files.newOutputStream(copy));
        }

        @Override
        public void write(byte[] bytes, int from, int count) {
            try {
                out.write(bytes, from, count);
            } catch (IOException e) {
                throw notWritten(e);
            }
        }
    }

    /**
     * Copies and opens the weights of an archive.
     *
     * @throws ConfigError if the weights are damaged
     * @throws RunException if the temporary directory cannot be written
     */
    static ExtractedHdf5 of(KerasZip zip, String label) throws IOException {
        Path copy = createFile();
        try {
            try (OutputStream out = new CopyStream(copy)) {
                zip.copy(KerasFile.WEIGHTS, out);
            }
            return new ExtractedHdf5(Hdf5Reader.open(copy, label), copy);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(copy);
            throw e;
        }
    }

    private static Path createFile() {
        try {
            return Files.createTempFile("vit4j-", ".h5");
        } catch (IOException e) {
            throw notWritten(e);
        }
    }

    private static RunException notWritten(IOException e) {
        return new RunException(
                "the temporary directory " + System.getProperty("java.io.tmpdir") + " cannot be written: "
                        + AtomicFiles.reason(e)
                        + "; free space there, or set another with VIT4J_JAVA_OPTS=-Djava.io.tmpdir=DIRECTORY",
                e);
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
