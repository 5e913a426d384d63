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

    /** Keys of the dictionaries around this one, joined by dots; empty for the file's outermost. */
    default String path() {
        return "";
    }

    /** All dictionaries of named arrays in the file, this one included, outer ones first. Closing one closes all. */
    default List<StateDict> alternatives() {
        return List.of(this);
    }

    /** Entries of this dictionary that are not arrays but objects of other classes, which are not read, by class. */
    default Map<String, String> opaque() {
        return Map.of();
    }

    /** Classes of unusual objects anywhere in the file, which were read over, sorted. */
    default List<String> classes() {
        return List.of();
    }

    /** Equal for arrays that are one piece of the file under several names. */
    default Object identity(String name) {
        return List.of(path(), name);
    }

    /** Returns true for arrays of a Flax network, which are given in PyTorch's order. */
    default boolean isFlax() {
        return false;
    }

    /** Returns true for the averaged weights of a training script, which timm prefers to the raw ones. */
    default boolean isAveraged() {
        String last = path().substring(path().lastIndexOf('.') + 1);
        return Set.of("state_dict_ema", "model_ema").contains(last);
    }

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
     * its shards next to it, a zip by {@code torch.save} ({@code .pth .pt .bin}), or {@code .npz} by NumPy. Of several
     * dictionaries of arrays the largest; {@link #alternatives} has the others.
     *
     * @throws ConfigError when it is missing, damaged or of another kind, saying how to convert it where that is known
     */
    static StateDict open(Path file) {
        if (Files.isDirectory(file)) throw new ConfigError(file + ": is a directory; name a checkpoint in it");
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
            throw new ConfigError(file + ": written by torch.save in its format before PyTorch 1.6, which is not read;"
                    + " convert it once with: python -c \"import torch; torch.save(torch.load('" + file.getFileName()
                    + "', map_location='cpu'), 'converted.pth')\"");
        }
        return SafeTensorsFile.open(file);
    }
}
