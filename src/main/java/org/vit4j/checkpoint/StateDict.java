package org.vit4j.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.vit4j.config.ConfigError;
import org.vit4j.io.GitLfs;

/**
 * Named arrays of a checkpoint, independent of its file format. Names, types and shapes are read when the file is
 * opened, values on demand. Code in a file is never executed, and sizes are checked before memory is allocated.
 */
public interface StateDict extends AutoCloseable {
    /** @param shape shape in the file; empty for a scalar */
    record StateEntry(DType type, List<Integer> shape) {
        public StateEntry {
            shape = List.copyOf(shape);
        }

        /** Number of values. */
        public long size() {
            return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
        }
    }

    /** File and location in it, for messages. */
    String label();

    /** Types and shapes by name, in file order. */
    Map<String, StateEntry> entries();

    /** Keys from the outermost dictionary of the file to this one, joined by dots; empty for the outermost. */
    default String path() {
        return "";
    }

    /**
     * All dictionaries of named arrays in the file, this one included, outer ones first. Closing one closes all of
     * them.
     */
    default List<StateDict> alternatives() {
        return List.of(this);
    }

    /** Class names, by entry name, of entries of this dictionary that are unsupported objects. */
    default Map<String, String> opaque() {
        return Map.of();
    }

    /** Class names of unusual objects anywhere in the file that were skipped, sorted. */
    default List<String> skippedClasses() {
        return List.of();
    }

    /** Identity of an array; equal for several names of one array in the file. */
    default Object identity(String name) {
        return List.of(path(), name);
    }

    /** Returns true for weights of a Flax model; they are returned in PyTorch's axis order. */
    default boolean isFlax() {
        return false;
    }

    /** Returns true for averaged (EMA) weights, which timm prefers to the raw ones. */
    default boolean isAveraged() {
        String last = path().substring(path().lastIndexOf('.') + 1);
        return Set.of("state_dict_ema", "model_ema").contains(last);
    }

    /**
     * Reads the values of an array, in C order.
     *
     * @throws ConfigError if the file cannot be read
     * @throws IllegalArgumentException if there is no such array
     */
    float[] values(String name);

    @Override
    void close();

    /**
     * Opens a checkpoint: {@code .safetensors}, {@code *.safetensors.index.json} with its shards in the same
     * directory, a zip file of {@code torch.save} ({@code .pth .pt .bin}), or NumPy's {@code .npz}. Except for the
     * index, the format is detected from the content. Returns the largest dictionary of arrays; {@link #alternatives}
     * has the others.
     *
     * @throws ConfigError if it is missing, damaged or of another format; with a conversion command, if known
     */
    static StateDict open(Path file) {
        if (Files.isDirectory(file)) throw new ConfigError(file + ": is a directory; expected a checkpoint file");
        if (!Files.isRegularFile(file)) {
            throw new ConfigError(file
                    + ": no such file; expected a checkpoint (.safetensors, .safetensors.index.json, .pth, .pt, .bin)");
        }
        byte[] start;
        try (InputStream in = Files.newInputStream(file)) {
            start = in.readNBytes(GitLfs.LARGEST_POINTER);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + e.getMessage(), e);
        }
        Optional<String> pointer = GitLfs.pointer(start);
        if (pointer.isPresent()) throw new ConfigError(file + ": " + pointer.get());
        if (file.getFileName().toString().endsWith(".json")) return ShardedSafeTensors.open(file);
        if (start.length > 3 && start[0] == 'P' && start[1] == 'K') {
            return NpzFile.isNpz(file) ? NpzFile.open(file) : TorchFile.open(file);
        }
        if (start.length > 1 && (start[0] & 0xff) == 0x80 && start[1] > 0 && start[1] < 6) {
            throw new ConfigError(file + ": torch.save format before PyTorch 1.6, which is not supported;"
                    + " convert it once with: python -c \"import torch; torch.save(torch.load('" + file.getFileName()
                    + "', map_location='cpu'), 'converted.pth')\"");
        }
        return SafeTensorsFile.open(file);
    }
}
