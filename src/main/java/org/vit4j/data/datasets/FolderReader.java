package org.vit4j.data.datasets;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Suggestions;
import org.vit4j.config.UnicodeNames;

/**
 * Reads image folders: one directory per class, below {@code train} and {@code val} or directly below the root.
 * {@link ImageFinder} selects the files; skipped files are logged, one line for each kind and directory.
 */
public final class FolderReader {
    private static final Logger LOG = LoggerFactory.getLogger(FolderReader.class);
    private static final String TRAIN = "train";
    private static final String EXPECTED =
            "train/<class>/*.jpg and val/<class>/*.jpg (or validation, valid, test for val)";

    private final DirectoryLister lister;
    private final List<String> classMap;

    /** @param classMap directory names in the order of the network's outputs; empty for natural order */
    public FolderReader(DirectoryLister lister, List<String> classMap) {
        this.lister = lister;
        this.classMap = List.copyOf(classMap);
    }

    /**
     * Finds the training and the validation files.
     *
     * @param validationShare share of each class to hold out for validation, if there is no validation directory; the class
     *     directories may then be in {@code root} itself
     * @throws ConfigError if a directory is missing, or a class has no training images
     */
    public LabeledFiles.SplitFiles split(String root, OptionalDouble validationShare, long seed) {
        if (!isDirectory(root)) throw new ConfigError(root + ": is not a directory; expected one with " + EXPECTED);
        String train = lister.resolve(root, TRAIN);
        boolean hasTrain = isDirectory(train);
        Optional<String> validation = validation(root, List.of());
        if (validationShare.isPresent()) {
            if (hasTrain && validation.isPresent()) {
                throw new ConfigError("data.val_share: unexpected, there is a validation directory (" + validation.get()
                        + "); remove data.val_share, or move the directory");
            }
            return holdOut(trainingFiles(hasTrain ? train : root), validationShare.getAsDouble(), seed);
        }
        String hint = "; expected " + EXPECTED + ", or data.val_share to hold out a share of the images";
        if (!hasTrain) throw new ConfigError(root + ": has no directory train" + hint);
        if (validation.isEmpty()) throw new ConfigError(root + ": has no directory val" + hint);
        LabeledFiles training = trainingFiles(train);
        return new LabeledFiles.SplitFiles(training, read(validation.get(), training.classes(), "in training"));
    }

    private static LabeledFiles.SplitFiles holdOut(LabeledFiles all, double share, long seed) {
        LabeledFiles.SplitFiles split = all.holdOut(share, seed);
        if (split.validation().files().isEmpty()) {
            throw new ConfigError("data.val_share: " + share + " of each class of " + all.directory()
                    + " is less than one image; expected a larger share");
        }
        return split;
    }

    /**
     * Finds the files to evaluate a model on: those of the validation directory of {@code root} if it exists, otherwise those
     * of the class directories in {@code root}.
     *
     * @param classes of the model; directories are matched by name, and a class without a directory has no images
     */
    public LabeledFiles evaluationFiles(String root, List<String> classes) {
        if (classMap.size() > classes.size()) throw RelabeledDataset.tooManyNames(classMap, classes);
        List<String> names = classMap.isEmpty() ? classes : classMap;
        Optional<String> validation = validation(root, names);
        if (validation.isEmpty() && !names.contains(TRAIN) && isDirectory(lister.resolve(root, TRAIN))) {
            throw new ConfigError(
                    root + ": has train but no directory val, validation, valid or test; to evaluate on the"
                            + " training images, give " + lister.resolve(root, TRAIN));
        }
        String where = classMap.isEmpty() ? "in the model (--class-map names the directories)" : "in the class map";
        LabeledFiles files = read(validation.orElse(root), names, where);
        return new LabeledFiles(files.directory(), files.files(), files.labels(), classes);
    }

    /** Names of the class directories, in natural order. */
    public List<String> classNames(String directory) {
        return classNames(new ImageFinder(lister), directory);
    }

    private static List<String> classNames(ImageFinder finder, String directory) {
        List<String> names = finder.directories(directory);
        if (!names.isEmpty()) return names;
        throw new ConfigError(directory + ": has no class directories; expected <class>/*.jpg in it");
    }

    /** Reads a directory whose class directories define the classes; without a class map each must have images. */
    private LabeledFiles trainingFiles(String directory) {
        if (!classMap.isEmpty()) return read(directory, classMap, "in data.class_map");
        List<String> names = classNames(directory);
        requireDifferent(directory, names);
        LabeledFiles files = read(directory, names, "in training");
        Set<Integer> present = new HashSet<>(files.labels());
        for (int label = 0; label < files.classes().size(); label++) {
            if (present.contains(label)) continue;
            throw new ConfigError(lister.resolve(directory, files.classes().get(label))
                    + ": has no images; add some, or remove the directory");
        }
        return files;
    }

    /** Rejects two directories whose names look alike because they differ only in their Unicode form. */
    private void requireDifferent(String directory, List<String> names) {
        Set<String> composed = new HashSet<>();
        for (String name : names) {
            if (composed.add(UnicodeNames.composed(name))) continue;
            throw new ConfigError(lister.resolve(directory, name)
                    + ": two directories have this name in different Unicode forms; move the images into one");
        }
    }

    /**
     * Reads one split.
     *
     * @param where origin of the classes, for the error about an unknown directory
     */
    LabeledFiles read(String directory, List<String> classes, String where) {
        ImageFinder finder = new ImageFinder(lister);
        List<String> files = new ArrayList<>();
        List<Integer> labels = new ArrayList<>();
        for (String name : classNames(finder, directory)) {
            int label = UnicodeNames.indexOf(classes, name);
            if (label < 0) {
                throw new ConfigError(
                        lister.resolve(directory, name) + ": no class '" + name + "' " + where + hint(name, classes));
            }
            for (String file : finder.images(lister.resolve(directory, name), directory)) {
                files.add(file);
                labels.add(label);
            }
        }
        finder.skipped().lines().forEach(line -> LOG.warn("{}: {}", directory, line));
        if (files.isEmpty()) throw new ConfigError(directory + ": has no images in its class directories");
        return new LabeledFiles(directory, files, labels, classes);
    }

    private static String hint(String name, List<String> classes) {
        String near = Suggestions.hint(name, classes);
        return near.isEmpty() ? "; there are " + classes.size() + " classes" : near;
    }

    /** Validation directory of a root. A directory with the name of a class of the model is a class directory instead. */
    private Optional<String> validation(String root, List<String> classes) {
        Stream<String> names = ImageFolder.VALIDATION.stream().filter(name -> !classes.contains(name));
        return names.map(name -> lister.resolve(root, name))
                .filter(this::isDirectory)
                .findFirst();
    }

    private boolean isDirectory(String path) {
        try {
            return lister.isDirectory(path);
        } catch (IOException e) {
            throw ImageFinder.cannotList(path, e);
        }
    }
}
