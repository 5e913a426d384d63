package org.vit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vit4j.config.UserPath;
import org.vit4j.train.CheckpointImporter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "import",
        mixinStandardHelpOptions = true,
        description = {
            "Makes a saved model of a published checkpoint: safetensors or PyTorch's .pth, .pt, .bin.",
            "With --like: of a model of ours that Keras trained and saved again."
        },
        customSynopsis = {
            "vit4j import [OPTIONS] VARIANT|CONFIG CHECKPOINT -o MODEL",
            "vit4j import --like ORIGINAL TRAINED -o MODEL"
        })
final class ImportCommand implements Callable<Integer> {
    @Parameters(
            arity = "1..2",
            paramLabel = "VARIANT|CONFIG CHECKPOINT",
            description =
                    "A variant's name or a YAML file; then a .safetensors, a .safetensors.index.json with its shards"
                            + " next to it, a .pth, .pt or .bin, or an .npz of google-research.")
    private List<String> given = List.of();

    @Option(
            names = "--like",
            paramLabel = "ORIGINAL",
            description = "The .keras of vit4j that Keras opened. What Keras drops (class names, preprocessing, config)"
                    + " comes from it, the weights from TRAINED, the .keras that Keras saved.")
    private Optional<Path> like = Optional.empty();

    @Option(names = "-o", required = true, paramLabel = "MODEL", description = "The .keras file to write.")
    private Path model;

    @Option(
            names = "--classes",
            paramLabel = "N",
            description = "Another number of classes, or a file without a head; the head is initialized.")
    private Optional<Integer> classes = Optional.empty();

    @Option(
            names = "--image",
            paramLabel = "N|HxW",
            description = "Another image size; position embeddings are resampled.")
    private Optional<String> image = Optional.empty();

    @Option(names = "--channels", paramLabel = "N", description = "1 or 3; the first convolution is adapted.")
    private Optional<Integer> channels = Optional.empty();

    @Option(names = "--set", paramLabel = "path=value", description = "Override a value of the config.")
    private List<String> overrides = List.of();

    @Option(names = "--labels", paramLabel = "FILE", description = "Names of the classes, one a line.")
    private Optional<Path> labels = Optional.empty();

    @Option(
            names = "--key",
            paramLabel = "NAME",
            description =
                    "Which state dict to read when several in the file fit equally well, as the message names them.")
    private Optional<String> key = Optional.empty();

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Of what is drawn anew (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--lenient",
            description = "Leave aside arrays that are missing, superfluous or misshapen instead of refusing them.")
    private boolean lenient;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        List<String> notes = like.isPresent() ? retrained(like.get()) : published();
        PrintWriter err = spec.commandLine().getErr();
        notes.forEach(err::println);
        spec.commandLine().getOut().println("model: " + model);
        spec.commandLine().getOut().flush();
        return CommandLineProgram.DONE;
    }

    private List<String> published() {
        if (given.size() != 2) throw wrong("expected VARIANT|CONFIG and CHECKPOINT, got " + given);
        var changes = new CheckpointImporter.ImportChanges(classes, image, channels, overrides);
        return CheckpointImporter.run(
                given.get(0), UserPath.of(given.get(1)), model, changes, labels, seed, !lenient, key);
    }

    private List<String> retrained(Path original) {
        if (given.size() != 1) throw wrong("--like takes one file, the one that Keras saved, got " + given);
        boolean changed = classes.isPresent()
                || image.isPresent()
                || channels.isPresent()
                || labels.isPresent()
                || key.isPresent();
        if (changed || lenient || !overrides.isEmpty()) {
            throw wrong("--like changes nothing but the weights; leave the other options out");
        }
        return CheckpointImporter.like(original, UserPath.of(given.get(0)), model);
    }

    private ParameterException wrong(String problem) {
        return new ParameterException(spec.commandLine(), problem);
    }
}
