package org.vit4j.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vit4j.config.ConfigCatalog;
import org.vit4j.report.ModelSummary;
import org.vit4j.run.RunConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "models",
        mixinStandardHelpOptions = true,
        description = "Lists all published variants with size, compute and reported accuracy.")
final class ModelsCommand implements Callable<Integer> {
    @Mixin
    private JsonOption json;

    @Spec
    private CommandSpec spec;

    /** A variant with the published accuracy from its config. */
    private record ModelLine(ModelSummary summary, Optional<Double> top1, String source) {
        static ModelLine of(String variant) {
            RunConfig config = RunConfig.open("models/" + variant, List.of());
            Optional<RunConfig.PublishedResult> published = config.published();
            return new ModelLine(
                    ModelSummary.of(variant, config.model()),
                    published.flatMap(RunConfig.PublishedResult::top1),
                    published.map(RunConfig.PublishedResult::source).orElse(""));
        }

        Map<String, Object> jsonFields() {
            Map<String, Object> fields = summary.headline();
            fields.put("top1", top1.orElse(null));
            fields.put("source", source);
            return fields;
        }

        void print(PrintWriter out) {
            String accuracy =
                    top1.map(value -> String.format(Locale.ROOT, "%.1f", value)).orElse("");
            out.printf(
                    Locale.ROOT,
                    "%-32s %-10s %-10s %,14d %,18d  %-15s %7s  %s%n",
                    summary.name(),
                    summary.arch(),
                    summary.flavor(),
                    summary.parameters(),
                    summary.macs(),
                    summary.input(),
                    accuracy,
                    source);
        }
    }

    @Override
    public Integer call() {
        List<ModelLine> lines =
                ConfigCatalog.variants().stream().map(ModelLine::of).toList();
        PrintWriter out = spec.commandLine().getOut();
        if (json.requested()) {
            out.println(Json.text(lines.stream().map(ModelLine::jsonFields).toList()));
        } else {
            out.printf(
                    Locale.ROOT,
                    "%-32s %-10s %-10s %14s %18s  %-15s %7s  %s%n",
                    "name",
                    "arch",
                    "flavor",
                    "parameters",
                    "MACs",
                    "input",
                    "top-1",
                    "source");
            lines.forEach(line -> line.print(out));
        }
        out.flush();
        return CommandLineProgram.SUCCESS;
    }
}
