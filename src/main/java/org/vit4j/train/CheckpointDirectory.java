package org.vit4j.train;

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

/**
 * What a run is resumed from: {@code step-N.safetensors} with the weights and all else that is kept beside them, and {@code
 * step-N.json}, written after it, with the {@link TrainState} and the checksum of the former. A pair that is torn or
 * damaged is passed over for the one before. A crash between the two leaves the one before as the newest.
 */
final class CheckpointDirectory {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointDirectory.class);

    private final Path directory;
    private final int keep;

    CheckpointDirectory(Path directory, int keep) {
        this.directory = directory;
        this.keep = keep;
    }

    /** @param arrays all that is kept, by name, live */
    void save(TrainState state, Map<String, INDArray> arrays) {
        Path file = directory.resolve(name(state.step()));
        // One array a weight, since a Java array holds no more than 2^31 values.
        List<SafeTensors.TensorSource> sources = new ArrayList<>();
        arrays.forEach((name, array) -> sources.add(new SafeTensors.TensorSource(
                name, shape(array), () -> array.dup('c').data().asFloat())));
        AtomicFiles.write(
                file, temporary -> SafeTensors.write(temporary, sources, Map.of("format", "vit4j-checkpoint-1")));
        AtomicFiles.write(manifestOf(file), temporary -> new CheckpointManifest(state, sha256(file)).write(temporary));
        forgetOld(file);
    }

    /**
     * Fills the arrays from the newest checkpoint that is whole; empty, and nothing touched, when none was ever finished.
     *
     * @throws RunException when there are some and none is whole
     * @throws ConfigError when the newest is whole and has other arrays
     */
    Optional<TrainState> resume(Map<String, INDArray> arrays) {
        Optional<String> damage = Optional.empty();
        for (Path file : newestFirst()) {
            if (!Files.exists(manifestOf(file))) {
                LOG.warn("{}: was not finished; taking the one before", file);
                continue;
            }
            try {
                CheckpointManifest note = CheckpointManifest.read(manifestOf(file));
                if (!sha256(file).equals(note.sha256())) throw new IOException("wrong checksum");
                fill(file, arrays);
                return Optional.of(note.state());
            } catch (IOException e) {
                String what = file + ": damaged (" + AtomicFiles.reason(e) + ")";
                LOG.warn("{}; taking the one before", what);
                if (damage.isEmpty()) damage = Optional.of(what);
            }
        }
        damage.ifPresent(what -> {
            throw new RunException(
                    what + ", and none before it is whole; start anew without --resume, which moves this run aside");
        });
        return Optional.empty();
    }

    /** The newest finished checkpoint of fewer optimizer steps; it may turn out damaged. */
    Optional<Path> newestBefore(int step) {
        String name = name(step);
        return newestFirst().stream()
                .filter(file -> file.getFileName().toString().compareTo(name) < 0)
                .filter(file -> Files.exists(manifestOf(file)))
                .findFirst();
    }

    /**
     * Renames the checkpoints of so many optimizer steps or more, if there is an older one, so that none of them is resumed.
     *
     * @return true if there is an older one
     */
    boolean setAsideFrom(int step) {
        if (newestBefore(step).isEmpty()) return false;
        String name = name(step);
        for (Path file : newestFirst()) {
            if (file.getFileName().toString().compareTo(name) < 0) continue;
            for (Path one : List.of(manifestOf(file), file)) {
                try {
                    if (Files.exists(one)) Files.move(one, one.resolveSibling(one.getFileName() + ".diverged"));
                } catch (IOException e) {
                    LOG.warn("{}: cannot be renamed: {}", one, AtomicFiles.reason(e));
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
                throw new ConfigError(file + ": has no '" + name + "'; it was made with another model or optimizer");
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

    /** Keeps the newest ones up to that one; what is beyond it is damaged, and the run went on from one before. */
    private void forgetOld(Path newest) {
        List<Path> all = newestFirst();
        int at = all.indexOf(newest);
        for (int i = 0; i < all.size(); i++) {
            if (i >= at && i < at + keep) continue;
            try {
                Files.deleteIfExists(manifestOf(all.get(i)));
                Files.deleteIfExists(all.get(i));
            } catch (IOException e) {
                LOG.warn("{}: cannot be deleted: {}", all.get(i), AtomicFiles.reason(e));
            }
        }
    }

    private static Path manifestOf(Path arrays) {
        return arrays.resolveSibling(arrays.getFileName().toString().replace(".safetensors", ".json"));
    }

    static String sha256(Path file) throws IOException {
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-256"))) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
            return HexFormat.of()
                    .formatHex(((DigestInputStream) in).getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
