package org.vit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.Csv;
import org.vit4j.io.RunException;
import org.vit4j.report.Chart;
import org.vit4j.report.RatePage;
import org.vit4j.run.LearningRateFinder;
import org.vit4j.run.RateCurve;
import org.vit4j.run.RunConfig;
import org.vit4j.train.Callback;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "find-lr",
        mixinStandardHelpOptions = true,
        description = "Trains some steps with a rising learning rate and suggests a rate. Writes no run directory.")
final class FindLrCommand implements Callable<Integer> {
    @Parameters(paramLabel = "CONFIG", description = "A YAML file, or the name of a packaged config.")
    private String config;

    @Mixin
    private OverrideOption overrides;

    @Option(names = "--min-lr", paramLabel = "LR", description = "First rate (default: ${DEFAULT-VALUE}).")
    private double min = 1e-7;

    @Option(names = "--max-lr", paramLabel = "LR", description = "Last rate (default: ${DEFAULT-VALUE}).")
    private double max = 10;

    @Option(names = "--steps", paramLabel = "N", description = "Optimizer steps (default: ${DEFAULT-VALUE}).")
    private int steps = 100;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Write the plot: an .html page, an .svg drawing, or the numbers as .csv.")
    private Optional<Path> output = Optional.empty();

    @Mixin
    private JsonOption json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        output.ifPresent(FindLrCommand::checkEnding);
        LearningRateFinder finder = finder();
        List<String> all = new ArrayList<>(overrides.values());
        all.addAll(List.of("train.spike=0", "train.ema=null", "train.early_stop=null"));
        RunConfig run = RunConfig.open(config, all);
        RateCurve curve = train(finder, run);
        if (!curve.suggests()) {
            throw new RunException("the loss diverged after " + curve.losses().size()
                    + " steps, too few for a suggestion; lower --min-lr or --max-lr, or raise --steps");
        }
        Map<String, Double> suggested = suggestions(curve);
        output.ifPresent(file -> AtomicFiles.write(file, text(file, run.name(), curve, suggested)));
        PrintWriter out = spec.commandLine().getOut();
        out.println(json.requested() ? Json.text(fields(curve, suggested)) : lines(run, suggested));
        out.flush();
        return CommandLineProgram.SUCCESS;
    }

    private RateCurve train(LearningRateFinder finder, RunConfig run) {
        int images = run.train().batch() * run.train().accumulate(); // per step
        long total = (long) steps * images;
        try (var progress = new BatchProgress(spec.commandLine().getErr(), "find-lr", total, true)) {
            Callback steps = new Callback() {
                @Override
                public void step(int step, double loss, double lr) {
                    progress.add(images);
                }
            };
            return finder.run(run, steps, () -> false);
        }
    }

    private LearningRateFinder finder() {
        try {
            return new LearningRateFinder(min, max, steps);
        } catch (IllegalArgumentException e) {
            throw new ConfigError("--" + e.getMessage(), e);
        }
    }

    private static void checkEnding(Path file) {
        String name = file.toString().toLowerCase(Locale.ROOT);
        if (List.of(".html", ".svg", ".csv").stream().noneMatch(name::endsWith))
            throw new ConfigError("-o " + file + ": expected a file name that ends in .html, .svg or .csv");
    }

    private static Map<String, Double> suggestions(RateCurve curve) {
        Map<String, Double> suggested = new LinkedHashMap<>();
        suggested.put("valley", curve.valley());
        suggested.put("steepest", curve.steepest());
        suggested.put("minimum / 10", curve.tenthOfMinimum());
        return suggested;
    }

    private static String text(Path file, String name, RateCurve curve, Map<String, Double> suggested) {
        String ending = file.toString().toLowerCase(Locale.ROOT);
        if (ending.endsWith(".csv")) return csv(curve);
        Chart chart = RatePage.chart(curve.rates(), curve.losses(), curve.smoothed(), suggested);
        return ending.endsWith(".svg") ? chart.standalone() : RatePage.html(name, chart, suggested);
    }

    private static String csv(RateCurve curve) {
        List<Double> smoothed = curve.smoothed();
        StringBuilder lines = new StringBuilder("lr,loss,smoothed\n");
        for (int i = 0; i < smoothed.size(); i++) {
            lines.append(Csv.line(List.of(curve.rates().get(i), curve.losses().get(i), smoothed.get(i))))
                    .append('\n');
        }
        return lines.toString();
    }

    private static Map<String, Object> fields(RateCurve curve, Map<String, Double> suggested) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("suggestion", suggested.get("valley"));
        fields.put("valley", suggested.get("valley"));
        fields.put("steepest", suggested.get("steepest"));
        fields.put("minimum_tenth", suggested.get("minimum / 10"));
        fields.put("lr", curve.rates());
        fields.put("loss", curve.losses());
        fields.put("smoothed", curve.smoothed());
        return fields;
    }

    /** Returns true if the rate of the config is multiplied by a factor; suggested rates include it. */
    private static boolean scalesByBatch(RunConfig run) {
        String base = Config.values(run.resolved(), run.name()).getOrDefault("train.optimizer.lr_base_batch", "off");
        return base.chars().anyMatch(c -> c >= '1' && c <= '9'); // not 0 or a word
    }

    private String lines(RunConfig run, Map<String, Double> suggested) {
        StringBuilder lines = new StringBuilder();
        suggested.forEach((name, rate) -> lines.append(String.format(Locale.ROOT, "%-14s %.2e%n", name, rate)));
        lines.append(String.format(Locale.ROOT, "suggestion: --set train.optimizer.lr=%.1e", suggested.get("valley")));
        if (scalesByBatch(run)) lines.append(" --set train.optimizer.lr_base_batch=off");
        output.ifPresent(file -> lines.append(String.format(Locale.ROOT, "%nplot: %s", file)));
        return lines.toString();
    }
}
