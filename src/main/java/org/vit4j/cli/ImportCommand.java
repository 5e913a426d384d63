package org.vit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.run.CheckpointImporter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "import",
        mixinStandardHelpOptions = true,
        description = {
            "Converts a published checkpoint to a .keras file.",
            "With --like: converts a .keras file of vit4j that Keras has trained and saved."
        },
        customSynopsis = {
            "vit4j import [OPTIONS] VARIANT|CONFIG CHECKPOINT -o MODEL",
            "vit4j import --like ORIGINAL TRAINED -o MODEL"
        })
final class ImportCommand implements Callable<Integer> {
    @Parameters(
            arity = "1..2",
            paramLabel = "VARIANT|CONFIG CHECKPOINT",
            description = "A variant name or a YAML file; then a .safetensors file, a .safetensors.index.json with its"
                    + " shards in the"
                    + " same directory, a PyTorch file (.pth, .pt, .bin), or an .npz of google-research.")
    private List<String> arguments = List.of();

    @Option(
            names = "--like",
            paramLabel = "ORIGINAL",
            description =
                    "The .keras file of vit4j that Keras loaded. Class names, preprocessing and config, which Keras"
                            + " drops,"
                            + " are taken from it, and the weights from TRAINED, the file that Keras saved.")
    private Optional<Path> like = Optional.empty();

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "MODEL",
            description = "The .keras file to write.")
    private Path model;

    @Option(
            names = "--classes",
            paramLabel = "N",
            description = "Replace the head by a new one with N classes; also for checkpoints without a head.")
    private Optional<Integer> classes = Optional.empty();

    @Option(
            names = "--image",
            paramLabel = "N|HxW",
            description = "Change the image size; position embeddings are resampled.")
    private Optional<String> image = Optional.empty();

    @Option(
            names = "--channels",
            paramLabel = "N",
            description = "Change the number of input channels (1 or 3); the first convolution is adapted.")
    private Optional<Integer> channels = Optional.empty();

    @Mixin
    private OverrideOption overrides;

    @Option(names = "--labels", paramLabel = "FILE", description = "Text file with the class names, one per line.")
    private Optional<Path> labels = Optional.empty();

    @Option(
            names = "--key",
            paramLabel = "NAME",
            description =
                    "State dict to read, if the file contains several that fit equally well; the error message names"
                            + " them.")
    private Optional<String> key = Optional.empty();

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Random seed for new parameters (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--lenient",
            description = "Ignore missing and unexpected tensors and those of the wrong shape instead of failing.")
    private boolean lenient;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (!model.toString().endsWith(".keras"))
            throw new ConfigError("-o " + model + ": expected a file name that ends in .keras");
        List<String> notes = like.isPresent() ? retrained(like.get()) : published();
        PrintWriter err = spec.commandLine().getErr();
        notes.forEach(err::println);
        spec.commandLine().getOut().println("model: " + model);
        spec.commandLine().getOut().flush();
        return CommandLineProgram.SUCCESS;
    }

    private List<String> published() {
        if (arguments.size() != 2) throw usageError("expected VARIANT|CONFIG and CHECKPOINT, got " + arguments);
        var changes = new CheckpointImporter.ImportChanges(classes, image, channels, overrides.values());
        return CheckpointImporter.run(
                arguments.get(0), UserPath.of(arguments.get(1)), model, changes, labels, seed, !lenient, key);
    }

    private List<String> retrained(Path original) {
        if (arguments.size() != 1)
            throw usageError("--like: expected one file, the one that Keras saved, got " + arguments);
        boolean changed = classes.isPresent()
                || image.isPresent()
                || channels.isPresent()
                || labels.isPresent()
                || key.isPresent();
        if (changed || lenient || !overrides.values().isEmpty()) {
            throw usageError("--like replaces only the weights; remove the other options");
        }
        return CheckpointImporter.fromRetrained(original, UserPath.of(arguments.get(0)), model);
    }

    private ParameterException usageError(String problem) {
        return new ParameterException(spec.commandLine(), problem);
    }
}
