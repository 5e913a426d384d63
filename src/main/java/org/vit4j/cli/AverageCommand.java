package org.vit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.vit4j.config.ConfigError;
import org.vit4j.run.ModelAverage;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "average",
        mixinStandardHelpOptions = true,
        description = "Averages the weights of saved models, or of checkpoints of a run: average RUN/checkpoints/* -o"
                + " averaged.keras")
final class AverageCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "FILE", description = "Saved models, or checkpoints (step-N.safetensors).")
    private List<Path> files;

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "MODEL.keras",
            description = "The saved model to write.")
    private Path output;

    @Option(
            names = {"-n", "--best"},
            paramLabel = "N",
            description = "Average only the N checkpoints with the best metric (train.best of the run).")
    private Optional<Integer> best = Optional.empty();

    @Option(
            names = "--no-ema",
            description = "Use the weights of checkpoints also if they have a moving average (train.ema).")
    private boolean noAverage;

    @Mixin
    private JsonOption json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (!output.toString().endsWith(".keras"))
            throw new ConfigError("-o " + output + ": expected a file name that ends in .keras");
        best.filter(n -> n < 1).ifPresent(n -> {
            throw new ConfigError("--best " + n + ": expected at least 1");
        });
        OptionalInt count = best.map(OptionalInt::of).orElse(OptionalInt.empty());
        List<Path> averaged = new ModelAverage(files, count, !noAverage).write(output);
        PrintWriter out = spec.commandLine().getOut();
        List<String> names = averaged.stream().map(Path::toString).toList();
        if (json.requested()) out.println(Json.text(Map.of("model", output.toString(), "averaged", names)));
        else out.println("model: " + output + ", the average of " + String.join(", ", names) + fewer(names.size()));
        out.flush();
        return CommandLineProgram.SUCCESS;
    }

    /** As timm's avg_checkpoints.py, {@code --best} takes what there is. */
    private String fewer(int count) {
        return best.filter(n -> n > count)
                .map(n -> " (all " + count + " that have a metric; --best is " + n + ")")
                .orElse("");
    }
}
