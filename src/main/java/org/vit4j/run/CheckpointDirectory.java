package org.vit4j.run;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.RunException;
import org.vit4j.train.TrainState;

/**
 * Checkpoints of a run. {@code step-N.safetensors} holds all arrays: parameters, buffers, optimizer state, moving
 * average. {@code step-N.json} is written after it and holds the {@link TrainState} and the checksum of the arrays.
 * Incomplete or damaged checkpoints are skipped in favor of the previous one, so a crash between the two files loses no
 * earlier checkpoint.
 */
final class CheckpointDirectory {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointDirectory.class);

    private final Path directory;
    private final int keep;

    CheckpointDirectory(Path directory, int keep) {
        this.directory = directory;
        this.keep = keep;
    }

    /** @param arrays all arrays to save, by name */
    void save(TrainState state, Map<String, INDArray> arrays) {
        Path file = directory.resolve(name(state.step()));
        // One entry per parameter, because a Java array holds at most 2^31 values.
        List<SafeTensors.TensorSource> sources = new ArrayList<>();
        arrays.forEach((name, array) -> sources.add(new SafeTensors.TensorSource(
                name, shape(array), () -> array.dup('c').data().asFloat())));
        AtomicFiles.write(
                file, temporary -> SafeTensors.write(temporary, sources, Map.of("format", "vit4j-checkpoint-1")));
        AtomicFiles.write(manifestOf(file), temporary -> new CheckpointManifest(state, sha256(file)).write(temporary));
        deleteOld(file);
    }

    /**
     * Fills the arrays from the newest valid checkpoint. Returns empty and leaves the arrays unchanged if there is no
     * complete checkpoint.
     *
     * @throws RunException if all complete checkpoints are damaged
     * @throws ConfigError if the newest valid checkpoint holds other arrays
     */
    Optional<TrainState> resume(Map<String, INDArray> arrays) {
        Optional<String> damage = Optional.empty();
        for (Path file : newestFirst()) {
            if (!Files.exists(manifestOf(file))) {
                LOG.warn("{}: incomplete (no .json); using the previous checkpoint", file);
                continue;
            }
            try {
                CheckpointManifest manifest = CheckpointManifest.read(manifestOf(file));
                if (!sha256(file).equals(manifest.sha256())) throw new IOException("wrong checksum");
                fill(file, arrays);
                return Optional.of(manifest.state());
            } catch (IOException e) {
                String problem = file + ": damaged (" + AtomicFiles.reason(e) + ")";
                LOG.warn("{}; using the previous checkpoint", problem);
                if (damage.isEmpty()) damage = Optional.of(problem);
            }
        }
        damage.ifPresent(problem -> {
            throw new RunException(problem
                    + ", and there is no valid checkpoint before it; start a new run without --resume, which moves"
                    + " this one aside");
        });
        return Optional.empty();
    }

    /** States of the complete checkpoints; those that cannot be read are left out. */
    List<TrainState> states() {
        List<TrainState> states = new ArrayList<>();
        for (Path file : newestFirst()) {
            if (!Files.exists(manifestOf(file))) continue;
            try {
                states.add(CheckpointManifest.read(manifestOf(file)).state());
            } catch (IOException e) {
                LOG.debug("{} cannot be read", manifestOf(file), e);
            }
        }
        return states;
    }

    /** Newest complete checkpoint of fewer than {@code step} optimizer steps; its checksums are not verified. */
    Optional<Path> newestBefore(int step) {
        String name = name(step);
        return newestFirst().stream()
                .filter(file -> file.getFileName().toString().compareTo(name) < 0)
                .filter(file -> Files.exists(manifestOf(file)))
                .findFirst();
    }

    /**
     * Renames the checkpoints of {@code step} or more optimizer steps, so that they are not resumed. Does nothing if
     * there is no older checkpoint.
     *
     * @return true if there is an older checkpoint
     */
    boolean setAsideFrom(int step) {
        if (newestBefore(step).isEmpty()) return false;
        String name = name(step);
        for (Path file : newestFirst()) {
            if (file.getFileName().toString().compareTo(name) < 0) continue;
            for (Path part : List.of(manifestOf(file), file)) {
                try {
                    if (Files.exists(part)) Files.move(part, part.resolveSibling(part.getFileName() + ".diverged"));
                } catch (IOException e) {
                    LOG.warn("{}: cannot be renamed: {}", part, AtomicFiles.reason(e));
                }
            }
        }
        return true;
    }

    private static String name(int step) {
        return String.format(Locale.ROOT, "step-%09d.safetensors", step);
    }

    private static void fill(Path file, Map<String, INDArray> arrays) {
        Map<String, SafeTensors.NamedValues> stored = SafeTensors.read(file);
        arrays.forEach((name, array) -> {
            if (!stored.containsKey(name) || stored.get(name).values().length != array.length()) {
                throw new ConfigError(file + ": missing array '" + name
                        + "' of this length; the checkpoint was written with another model or optimizer");
            }
        });
        arrays.forEach((name, array) ->
                array.assign(Nd4j.createFromArray(stored.get(name).values()).reshape('c', array.shape())));
    }

    private static int[] shape(INDArray array) {
        return Arrays.stream(array.shape()).mapToInt(Math::toIntExact).toArray();
    }

    private List<Path> newestFirst() {
        if (!Files.isDirectory(directory)) return List.of();
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".safetensors"))
                    .sorted(Comparator.comparing(Path::toString).reversed())
                    .toList();
        } catch (IOException e) {
            throw new RunException(directory + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
    }

    /**
     * Keeps the {@code keep} newest checkpoints up to {@code newest}. Later ones are damaged, since the run continued
     * from an earlier one.
     */
    private void deleteOld(Path newest) {
        List<Path> all = newestFirst();
        int index = all.indexOf(newest);
        for (int i = 0; i < all.size(); i++) {
            if (i >= index && i < index + keep) continue;
            try {
                Files.deleteIfExists(manifestOf(all.get(i)));
                Files.deleteIfExists(all.get(i));
            } catch (IOException e) {
                LOG.warn("{}: cannot be deleted: {}", all.get(i), AtomicFiles.reason(e));
            }
        }
    }

    /** The manifest of a file with arrays. */
    static Path manifestOf(Path arrays) {
        return arrays.resolveSibling(arrays.getFileName().toString().replace(".safetensors", ".json"));
    }

    static String sha256(Path file) throws IOException {
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-256"))) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
            return HexFormat.of()
                    .formatHex(((DigestInputStream) in).getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
