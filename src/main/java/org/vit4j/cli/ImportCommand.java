package org.vit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vit4j.train.Import;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "import",
        mixinStandardHelpOptions = true,
        description = "Makes a saved model of a published checkpoint: safetensors or PyTorch's .pth, .pt, .bin.")
final class ImportCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "VARIANT|CONFIG", description = "A variant's name or a YAML file.")
    private String config;

    @Parameters(
            index = "1",
            paramLabel = "CHECKPOINT",
            description = "A .safetensors, a .safetensors.index.json with its shards beside it, a .pth, .pt or .bin.")
    private Path checkpoint;

    @Option(names = "-o", required = true, paramLabel = "MODEL", description = "The .keras file to write.")
    private Path model;

    @Option(names = "--classes", paramLabel = "N", description = "Another number of classes; the head starts anew.")
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
        var changes = new Import.Changes(classes, image, channels, overrides);
        List<String> notes = Import.run(config, checkpoint, model, changes, labels, seed, !lenient);
        PrintWriter err = spec.commandLine().getErr();
        notes.forEach(err::println);
        spec.commandLine().getOut().println("model: " + model);
        spec.commandLine().getOut().flush();
        return Vit4j.DONE;
    }
}
