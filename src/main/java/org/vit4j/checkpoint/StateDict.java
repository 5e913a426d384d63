package org.vit4j.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.vit4j.config.ConfigError;

/**
 * The named arrays of a checkpoint, whatever kind of file they stand in. Names, types and shapes are known at once; values
 * are read when they are asked for. Nothing in such a file is ever executed, and what it claims of itself is checked
 * before memory is taken for it.
 */
public interface StateDict extends AutoCloseable {
    /** @param shape in the order of the file; empty for a single number */
    record StateEntry(DType type, List<Integer> shape) {
        public StateEntry {
            shape = List.copyOf(shape);
        }

        /** Number of values. */
        public long size() {
            return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
        }
    }

    /** For messages: the file, and where in it. */
    String label();

    /** In the order of the file. */
    Map<String, StateEntry> entries();

    /**
     * A copy of an array's values, row by row.
     *
     * @throws ConfigError when the file cannot be read any more
     * @throws IllegalArgumentException when there is no such array
     */
    float[] values(String name);

    @Override
    void close();

    /**
     * Opens a checkpoint by what is in it, not by its name: {@code .safetensors}, {@code *.safetensors.index.json} with
     * its shards beside it, or a zip by {@code torch.save} ({@code .pth .pt .bin}). A beginning that all names share,
     * {@code module.} of DataParallel and the like, is taken off.
     *
     * @throws ConfigError when it is missing, damaged or of another kind, saying how to convert it where that is known
     */
    static StateDict open(Path file) {
        return PrefixStrippedStateDict.of(opened(file));
    }

    private static StateDict opened(Path file) {
        if (Files.isDirectory(file)) throw new ConfigError(file + ": is a directory; name a checkpoint in it");
        if (!Files.isRegularFile(file)) {
            throw new ConfigError(file
                    + ": no such file; expected a checkpoint (.safetensors, .safetensors.index.json, .pth, .pt, .bin)");
        }
        if (file.getFileName().toString().endsWith(".json")) return ShardedSafeTensors.open(file);
        byte[] start;
        try (InputStream in = Files.newInputStream(file)) {
            start = in.readNBytes(16);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + e.getMessage(), e);
        }
        if (start.length > 3 && start[0] == 'P' && start[1] == 'K') return TorchFile.open(file);
        if (start.length > 1 && (start[0] & 0xff) == 0x80 && start[1] > 0 && start[1] < 6) {
            throw new ConfigError(file + ": written by torch.save in its format before PyTorch 1.6, which is not read;"
                    + " convert it once with: python -c \"import torch; torch.save(torch.load('" + file.getFileName()
                    + "', map_location='cpu'), 'converted.pth')\"");
        }
        return SafeTensorsFile.open(file);
    }
}
