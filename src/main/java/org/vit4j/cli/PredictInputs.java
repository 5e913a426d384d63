package org.vit4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.data.datasets.TextLines;
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
            paramLabel = "IMAGE|DIR|NPY|-|@LIST",
            description = "Image files, directories of images, or .npy files of preprocessed float32 [N, C, H, W]. -"
                    + " reads paths from standard input, @LIST from a file; both have one path per line.")
    private List<String> arguments = List.of();

    @Option(
            names = "--list",
            paramLabel = "FILE",
            description = "Text file with one path per line, relative to the working directory. May be repeated.")
    private List<Path> lists = List.of();

    /** The model file. */
    Path model() {
        return model;
    }

    /** Arguments as they are, for Spark. @throws ConfigError if some name lists */
    List<String> remote() {
        if (!lists.isEmpty() || arguments.contains(STANDARD_INPUT))
            throw new ConfigError("predict: --spark reads no lists of paths; expected images and directories");
        check();
        return arguments;
    }

    /**
     * Finds all files in the order of the arguments; those of {@code --list} are last. Listed files may be missing, since they
     * are reported when they are read.
     *
     * @param notes receives a line for each kind of file that was skipped in a directory
     */
    List<Path> files(Consumer<String> notes) {
        check();
        List<Path> files = new ArrayList<>();
        for (String argument : arguments) {
            if (argument.equals(STANDARD_INPUT)) files.addAll(listed(standardInput(), notes));
            else files.addAll(ImageArguments.files(List.of(UserPath.of(argument)), notes));
        }
        for (Path list : lists) files.addAll(listed(TextLines.read(list), notes));
        if (files.isEmpty()) throw new ConfigError("predict: the lists contain no paths");
        return files;
    }

    private void check() {
        if (arguments.isEmpty() && lists.isEmpty())
            throw new ConfigError("predict: no images; expected images, directories, - or --list FILE");
    }

    private static List<Path> listed(List<String> lines, Consumer<String> notes) {
        List<Path> files = new ArrayList<>();
        for (String line : lines) {
            Path path = UserPath.of(line);
            if (Files.isDirectory(path)) files.addAll(ImageArguments.files(List.of(path), notes));
            else files.add(path);
        }
        return files;
    }

    private static List<String> standardInput() {
        try {
            return TextLines.of("standard input", System.in.readAllBytes());
        } catch (IOException e) {
            throw new RunException("standard input: cannot be read: " + AtomicFiles.reason(e), e);
        }
    }
}
