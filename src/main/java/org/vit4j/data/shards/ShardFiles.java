package org.vit4j.data.shards;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.data.datasets.ImageFolder;
import org.vit4j.data.datasets.NaturalOrder;
import org.vit4j.io.AtomicFiles;

/**
 * The files of both splits.
 *
 * @param validation empty if a share of the training images is held out
 */
record ShardFiles(List<Path> train, List<Path> validation) {
    private static final String TRAIN = "train";
    private static final List<String> TRAINING = List.of(TRAIN, "training");

    /**
     * Finds the files. A file belongs to the split whose word is in its name or, if there is none, in the nearest directory:
     * {@code train}, or {@code val}, {@code validation}, {@code valid}, {@code test}.
     *
     * @param path directory, file or pattern
     * @param holdOut true if a share of the training images becomes the validation images
     */
    static ShardFiles find(ShardFormat format, String path, ShardConfig config, boolean holdOut) {
        if (holdOut && !config.valShards().isEmpty())
            throw new ConfigError("data.val_share: unexpected, data.val_shards names the validation files");
        List<Path> val = patterns("data.val_shards", path, config.valShards());
        if (!config.trainShards().isEmpty()) {
            List<Path> train = patterns("data.train_shards", path, config.trainShards());
            Set<Path> held = real(val);
            train.stream().filter(file -> held.contains(real(file))).findFirst().ifPresent(file -> {
                throw new ConfigError(
                        "data.val_shards: " + file + " is in data.train_shards too; expected other files");
            });
            return new ShardFiles(train, val);
        }
        Optional<ShardFiles> listed = ShardInfo.read(format, path).flatMap(info -> listed(info, val, holdOut));
        if (listed.isPresent()) return listed.get();
        List<Path> all = all(format, path);
        Map<Path, String> splits = splits(all, UserPath.of(path), path);
        List<Path> train = of(all, splits, TRAIN);
        if (!val.isEmpty()) {
            List<Path> others = without(val, train.isEmpty() ? all : train);
            if (others.isEmpty())
                throw new ConfigError(
                        "data.val_shards: names all training files of " + path + "; expected other files");
            return new ShardFiles(others, val);
        }
        Optional<String> name =
                ImageFolder.VALIDATION.stream().filter(splits::containsValue).findFirst();
        if (holdOut) {
            if (name.isPresent() && !train.isEmpty())
                throw new ConfigError("data.val_share: unexpected, there are validation files ("
                        + of(all, splits, name.get()).get(0) + "); remove data.val_share, or set data.train_shards");
            return new ShardFiles(train.isEmpty() ? all : train, List.of());
        }
        String hint = "; name them as in train-0000" + format.extension() + " and val-0000" + format.extension()
                + ", or set data.train_shards and data.val_shards, or data.val_share";
        if (train.isEmpty()) throw new ConfigError(path + ": no file has 'train' in its name" + hint);
        if (name.isEmpty()) throw new ConfigError(path + ": has training files, but none for validation" + hint);
        return new ShardFiles(train, of(all, splits, name.get()));
    }

    /** Files of both splits as {@code _info.json} lists them; empty if it lists no training files, or none for validation. */
    private static Optional<ShardFiles> listed(ShardInfo info, List<Path> val, boolean holdOut) {
        List<Path> train =
                without(val, info.train().map(ShardInfo.InfoSplit::files).orElse(List.of()));
        Optional<ShardInfo.InfoSplit> validation = info.validation();
        if (holdOut && validation.isPresent())
            throw new ConfigError("data.val_share: unexpected, " + info.file()
                    + " lists validation files; remove data.val_share, or set data.train_shards");
        List<Path> others =
                val.isEmpty() ? validation.map(ShardInfo.InfoSplit::files).orElse(List.of()) : val;
        boolean complete = !train.isEmpty() && (holdOut || !others.isEmpty());
        return complete ? Optional.of(new ShardFiles(train, holdOut ? List.of() : others)) : Optional.empty();
    }

    /** Files to evaluate a model on: those of validation, or all if no name has the word of a split. */
    static List<Path> evaluation(ShardFormat format, String path) {
        Optional<ShardInfo.InfoSplit> listed = ShardInfo.read(format, path).flatMap(ShardInfo::validation);
        if (listed.isPresent()) return listed.get().files();
        List<Path> all = all(format, path);
        Map<Path, String> splits = splits(all, UserPath.of(path), path);
        if (splits.isEmpty() || Files.isRegularFile(UserPath.of(path))) return all;
        Optional<String> name =
                ImageFolder.VALIDATION.stream().filter(splits::containsValue).findFirst();
        if (name.isPresent()) return of(all, splits, name.get());
        if (FilePatterns.isPattern(path)) return all;
        throw new ConfigError(path + ": has training files only; to evaluate on them, give a pattern of the files");
    }

    private static List<Path> without(List<Path> excluded, List<Path> files) {
        Set<Path> real = real(excluded);
        return files.stream().filter(file -> !real.contains(real(file))).toList();
    }

    private static Set<Path> real(List<Path> files) {
        return files.stream().map(ShardFiles::real).collect(Collectors.toSet());
    }

    /** Path without links and names such as {@code ./a.tar}, to compare files. */
    private static Path real(Path file) {
        try {
            return file.toRealPath();
        } catch (IOException e) {
            return file.toAbsolutePath().normalize(); // reported when it is opened
        }
    }

    private static List<Path> of(List<Path> files, Map<Path, String> splits, String split) {
        return files.stream().filter(file -> split.equals(splits.get(file))).toList();
    }

    private static List<Path> patterns(String key, String path, List<String> patterns) {
        List<Path> files = new ArrayList<>();
        boolean inside = Files.isDirectory(UserPath.of(path));
        for (String pattern : patterns) {
            boolean absolute = pattern.startsWith("/") || pattern.startsWith("~") || !inside;
            files.addAll(FilePatterns.files(key, absolute ? pattern : path.replaceFirst("/+$", "") + "/" + pattern));
        }
        return files;
    }

    private static List<Path> all(ShardFormat format, String path) {
        Path place = UserPath.of(path);
        List<Path> files;
        if (Files.isDirectory(place)) files = listed(format, place);
        else if (Files.exists(place) || !FilePatterns.isPattern(path)) files = List.of(place);
        else files = FilePatterns.files("data.path", path);
        for (Path file : files) {
            if (!Files.exists(file))
                throw new ConfigError(file + ": does not exist; expected " + format.extension() + " files");
            if (!format.matches(file)) throw new ConfigError(file + ": is not a " + format.extension() + " file");
        }
        if (files.isEmpty())
            throw new ConfigError(path + ": has no " + format.extension() + " files; expected some, such as train-0000"
                    + format.extension());
        return files;
    }

    /** Files of the format in a directory, at any depth, in natural order; hidden ones are left out. */
    static List<Path> listed(ShardFormat format, Path directory) {
        try (Stream<Path> walk = Files.walk(directory, FileVisitOption.FOLLOW_LINKS)) {
            return walk.filter(file -> !isHidden(directory.relativize(file)))
                    .filter(Files::isRegularFile)
                    .filter(format::matches)
                    .sorted((a, b) -> NaturalOrder.INSTANCE.compare(a.toString(), b.toString()))
                    .toList();
        } catch (IOException e) {
            throw new ConfigError(directory + ": cannot be listed: " + AtomicFiles.reason(e), e);
        } catch (UncheckedIOException e) {
            throw new ConfigError(directory + ": cannot be listed: " + AtomicFiles.reason(e.getCause()), e);
        }
    }

    private static boolean isHidden(Path relative) {
        for (Path part : relative) if (part.toString().startsWith(".")) return true;
        return false;
    }

    /** Split of each file that has one, by the words of the path below the directory or pattern. */
    private static Map<Path, String> splits(List<Path> files, Path path, String text) {
        Path base = Files.isDirectory(path) ? path : FilePatterns.base(text);
        Map<Path, String> splits = new LinkedHashMap<>();
        for (Path file : files) {
            boolean below = file.startsWith(base) && !file.equals(base);
            Path relative = below ? base.relativize(file) : file.getFileName();
            split(relative).ifPresent(split -> splits.put(file, split));
        }
        return splits;
    }

    private static Optional<String> split(Path relative) {
        for (int i = relative.getNameCount() - 1; i >= 0; i--) {
            String name = relative.getName(i).toString().toLowerCase(Locale.ROOT);
            List<String> words = Arrays.asList(name.split("[^\\p{L}]+"));
            if (TRAINING.stream().anyMatch(words::contains)) return Optional.of(TRAIN);
            Optional<String> found =
                    ImageFolder.VALIDATION.stream().filter(words::contains).findFirst();
            if (found.isPresent()) return found;
        }
        return Optional.empty();
    }
}
