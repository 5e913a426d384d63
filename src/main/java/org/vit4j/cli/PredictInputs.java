package org.vit4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.data.datasets.TextLines;
import org.vit4j.data.shards.UnlabeledImages;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.RunException;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Arguments of {@code predict} that name the model and the inputs. */
final class PredictInputs {
    private static final String STANDARD_INPUT = "-";

    @Parameters(index = "0", paramLabel = "MODEL", description = "A .keras file written by vit4j.")
    private Path model;

    @Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "IMAGE|DIR|SHARD|NPY|-|@LIST",
            description = "Image files, directories of images, .tar shards or .parquet files (files, directories or"
                    + " quoted patterns), or .npy files of preprocessed float32 [N, C, H, W]. - reads paths from"
                    + " standard input, @LIST from a file; both have one path per line.")
    private List<String> arguments = List.of();

    @Option(
            names = "--list",
            paramLabel = "FILE",
            description = "Text file with one path per line, relative to the working directory. May be repeated.")
    private List<Path> lists = List.of();

    @Option(
            names = "--image-column",
            paramLabel = "NAME",
            description = "Column of the images in .parquet files, or their extension in .tar shards, as"
                    + " data.image_column (default: image, or the extension of an image).")
    private Optional<String> imageColumn = Optional.empty();

    /** The model file. */
    Path model() {
        return model;
    }

    /** Arguments as they are, for Spark. @throws ConfigError if some name lists or shards */
    List<String> remote() {
        if (!lists.isEmpty() || arguments.contains(STANDARD_INPUT))
            throw new ConfigError("predict: --spark reads no lists of paths; expected images and directories");
        for (String argument : arguments) {
            if (!UnlabeledImages.isShard(argument)) continue;
            throw new ConfigError(
                    "predict: --spark reads no shards (" + argument + "); remove --spark to read them here");
        }
        check();
        return arguments;
    }

    /**
     * Finds all inputs in the order of the arguments; those of {@code --list} are last. Listed files may be missing, since they
     * are reported when they are read.
     *
     * @param notes receives a line for each kind of file that was skipped in a directory
     */
    List<PredictInput> find(Consumer<String> notes) {
        check();
        List<PredictInput> inputs = new ArrayList<>();
        for (String argument : arguments) {
            if (argument.equals(STANDARD_INPUT)) addListed(inputs, standardInput(), notes);
            else if (!addShards(inputs, argument))
                addFiles(inputs, ImageArguments.files(List.of(UserPath.of(argument)), notes));
        }
        for (Path list : lists) addListed(inputs, TextLines.read(list), notes);
        if (inputs.isEmpty()) throw new ConfigError("predict: the lists contain no paths");
        return inputs;
    }

    private void check() {
        if (arguments.isEmpty() && lists.isEmpty())
            throw new ConfigError("predict: no images; expected images, directories, shards, - or --list FILE");
    }

    private void addListed(List<PredictInput> inputs, List<String> lines, Consumer<String> notes) {
        for (String line : lines) {
            if (addShards(inputs, line)) continue;
            Path path = UserPath.of(line);
            addFiles(inputs, Files.isDirectory(path) ? ImageArguments.files(List.of(path), notes) : List.of(path));
        }
    }

    private static void addFiles(List<PredictInput> inputs, List<Path> files) {
        for (Path file : files) inputs.add(new PredictInput.FileInput(file));
    }

    /**
     * Adds the images of a shard, of a pattern of shards, or of a directory that has shards and no images.
     *
     * @return false if the argument is something else
     */
    private boolean addShards(List<PredictInput> inputs, String argument) {
        Path path = UserPath.of(argument);
        if (Files.isDirectory(path) && ImageArguments.hasImages(path)) return false;
        List<Path> shards = UnlabeledImages.files(argument);
        if (shards.isEmpty()) return false;
        UnlabeledImages images = UnlabeledImages.open(shards, imageColumn);
        for (int i = 0; i < images.size(); i++) inputs.add(new PredictInput.ShardInput(images, i));
        return true;
    }

    private static List<String> standardInput() {
        try {
            return TextLines.of("standard input", System.in.readAllBytes());
        } catch (IOException e) {
            throw new RunException("standard input: cannot be read: " + AtomicFiles.reason(e), e);
        }
    }
}
