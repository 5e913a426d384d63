package org.vit4j.notebook;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.data.Dataset;
import org.vit4j.data.Image;
import org.vit4j.data.ImageFile;
import org.vit4j.model.Prediction;
import org.vit4j.model.SavedModel;
import org.vit4j.models.ModelConfig;
import org.vit4j.plot.ModelPlot;
import org.vit4j.report.Chart;
import org.vit4j.report.ComparisonPage;
import org.vit4j.report.ContactSheet;
import org.vit4j.report.ContactSheet.LabelShare;
import org.vit4j.report.ContactSheet.SheetTile;
import org.vit4j.report.EvaluationReport;
import org.vit4j.report.MatrixChart;
import org.vit4j.report.ModelSummary;
import org.vit4j.report.RunComparison;
import org.vit4j.report.RunReport;
import org.vit4j.report.TextFormat;
import org.vit4j.train.AugmentPreview;
import org.vit4j.train.RunConfig;
import org.vit4j.train.Sweep;
import org.vit4j.train.SweepPlan;
import org.vit4j.train.SweepSummary;
import org.vit4j.train.TrainData;
import org.vit4j.train.TrainRun;

/**
 * What is typed into cells. Meant to be imported whole:
 *
 * <pre>{@code
 * import org.vit4j.notebook.*;
 * import static org.vit4j.notebook.Notebook.*;
 *
 * Run run = train(screen, "digits-vit");
 * screen.show(curves(run), confusion(run));
 * }</pre>
 *
 * <p>Where the environment has {@code VIT4J_NOTEBOOK_FAST}, runs are cut to {@value #FAST_EPOCHS} epochs and say so: for
 * trying a notebook from end to end, not for its numbers.
 */
public final class Notebook {
    private static final int FAST_EPOCHS = 2;

    static {
        // Java's drawing must not look for a screen; a kernel has none.
        System.setProperty("java.awt.headless", "true");
    }

    private Notebook() {}

    /**
     * Trains as a config says, into its {@code output.dir}; an earlier run there is moved aside. Where the
     * thread of the cell is interrupted, it ends after the step and saves; not every kernel waits for that.
     *
     * @param config a YAML file, or the name of a packaged config
     * @param overrides {@code path=value} each, as {@code --set}
     * @throws ConfigError for mistakes in what was given
     */
    public static TrainedRun train(Display screen, String config, String... overrides) {
        RunConfig run = open(screen, config, List.of(overrides));
        NotebookProgress progress = new NotebookProgress(run.name(), 1, screen, System::nanoTime);
        Thread cell = Thread.currentThread();
        TrainRun.RunResult result = TrainRun.run(run, run.output().dir(), false, progress, cell::isInterrupted);
        TrainedRun done = new TrainedRun(result.directory());
        String seconds = TextFormat.time(done.record().seconds());
        progress.end((result.finished() ? "" : "stopped early, ") + done + ", " + seconds);
        return done;
    }

    /** The run of a config, as it lies in its {@code output.dir}; trains where there is none yet that finished. */
    public static TrainedRun trained(Display screen, String config, String... overrides) {
        RunConfig read = RunConfig.open(config, List.of(overrides));
        TrainedRun run = new TrainedRun(read.output().dir());
        if (!run.exists()) return train(screen, config, overrides);
        screen.line("found " + run);
        return run;
    }

    private static RunConfig open(Display screen, String config, List<String> overrides) {
        RunConfig run = RunConfig.open(config, overrides);
        int epochs = run.train().epochs();
        if (!fast() || epochs <= FAST_EPOCHS) return run;
        screen.line("VIT4J_NOTEBOOK_FAST is set: " + FAST_EPOCHS + " of " + epochs + " epochs");
        return RunConfig.open(config, fast(overrides));
    }

    private static boolean fast() {
        return System.getenv("VIT4J_NOTEBOOK_FAST") != null;
    }

    private static List<String> fast(List<String> overrides) {
        List<String> all = new ArrayList<>(overrides);
        all.add("train.epochs=" + FAST_EPOCHS);
        return all;
    }

    /**
     * Trains a grid of values, one run after another.
     *
     * @param overrides as for {@link #train}, the same for all
     * @param sweeps {@code path=value,value} each
     * @return the runs, in the order of the grid
     */
    public static List<TrainedRun> sweep(Display screen, String config, List<String> overrides, String... sweeps) {
        if (fast()) screen.line("VIT4J_NOTEBOOK_FAST is set: " + FAST_EPOCHS + " epochs each");
        SweepPlan plan = Sweep.plan(config, fast() ? fast(overrides) : overrides, List.of(sweeps), Optional.empty());
        Thread cell = Thread.currentThread();
        List<TrainedRun> runs = new ArrayList<>();
        NotebookProgress progress =
                new NotebookProgress(plan.name(), plan.runs().size(), screen, System::nanoTime);
        SweepSummary summary = Sweep.run(plan, false, progress, cell::isInterrupted);
        progress.end(summary.rows().size() + " runs in " + plan.directory() + ", the best: "
                + summary.rows().get(0).run());
        for (SweepPlan.SweepEntry entry : plan.runs())
            runs.add(new TrainedRun(plan.directory().resolve(entry.name())));
        return runs;
    }

    /** A run of before, by its directory. */
    public static TrainedRun run(String directory) {
        return new TrainedRun(UserPath.of(directory));
    }

    /** Loss and accuracy by epoch. */
    public static Figure curves(TrainedRun run) {
        return Figure.charts(RunReport.charts(run.record()).subList(0, 2), "curves of " + run);
    }

    /** Accuracy and loss on the validation images of several runs, in the same pictures. */
    public static Figure curves(List<TrainedRun> runs) {
        List<Chart> charts = ComparisonPage.charts(comparison(runs));
        return Figure.charts(charts.subList(0, 2), "curves of " + runs.size() + " runs");
    }

    /** Runs side by side: what differs in their configs and how they did. */
    public static Figure results(List<TrainedRun> runs) {
        RunComparison comparison = comparison(runs);
        List<List<String>> cells = comparison.cells();
        return Tables.table(cells.get(0), cells.subList(1, cells.size()), comparison.table());
    }

    private static RunComparison comparison(List<TrainedRun> runs) {
        return RunComparison.read(runs.stream().map(TrainedRun::directory).toList());
    }

    /** What the best model takes for what, on the validation images. */
    public static Figure confusion(TrainedRun run) {
        EvaluationReport e = run.evaluation();
        String text = String.format(
                Locale.ROOT, "confusion of %s: %.2f%% of %d images are right", run, 100 * e.top1(), e.count());
        return Figure.svg(MatrixChart.confusion(e).svg(), text);
    }

    /** The validation images the best model is most wrong about, as the network sees them. */
    public static Figure mistakes(TrainedRun run) {
        EvaluationReport e = run.evaluation();
        if (e.mistakes().isEmpty()) return Figure.text("No validation image was taken for another class.");
        List<SheetTile> tiles =
                e.mistakes().stream().map(wrong -> tile(e, wrong)).toList();
        BufferedImage sheet = ContactSheet.draw(
                "Worst mistakes", "what it is, and what the network says, with its probabilities", tiles);
        return Figure.png(sheet, tiles.size() + " worst mistakes of " + run);
    }

    private static SheetTile tile(EvaluationReport e, EvaluationReport.MistakeImage wrong) {
        return new SheetTile(
                Tables.picture(wrong.png()),
                List.of(
                        new LabelShare("is " + e.classes().get(wrong.actual()).name(), wrong.probabilityOfActual()),
                        new LabelShare(
                                "says " + e.classes().get(wrong.predicted()).name(), wrong.probability())));
    }

    /** The first training images as the network will see them: augmented, mixed, with their labels. */
    public static Figure preview(String config, int count, String... overrides) {
        RunConfig run = RunConfig.open(config, List.of(overrides));
        BufferedImage sheet = AugmentPreview.sheet(run, TrainData.open(run), 1, count);
        return Figure.png(sheet, count + " training images of " + run.name());
    }

    /** The first images of a dataset, with their labels. */
    public static Figure images(Dataset data, int count) {
        List<SheetTile> tiles = IntStream.range(0, Math.min(count, data.size()))
                .mapToObj(i -> new SheetTile(
                        ImageFile.picture(data.image(i)),
                        List.of(new LabelShare(data.classes().get(data.label(i)), 1))))
                .toList();
        BufferedImage sheet =
                ContactSheet.draw(tiles.size() + " of " + data.size() + " images", "as they are stored", tiles);
        return Figure.png(sheet, tiles.size() + " images");
    }

    /** What a model says of images: its two likeliest classes beneath each. */
    public static Figure predictions(SavedModel model, List<Image> images) {
        List<SheetTile> tiles = new ArrayList<>();
        for (Image image : images) {
            List<LabelShare> shares = model.predict(image, 2).stream()
                    .map(guess -> new LabelShare(guess.label(), guess.probability()))
                    .toList();
            tiles.add(new SheetTile(ImageFile.picture(image), shares));
        }
        BufferedImage sheet = ContactSheet.draw(
                model.description().name(), "the likeliest two classes of each, with their probabilities", tiles);
        return Figure.png(sheet, "guesses for " + images.size() + " images");
    }

    /** The classes of one image by their probabilities. */
    public static Figure predict(SavedModel model, Image image, int k) {
        List<Prediction> top = model.predict(image, k);
        return Tables.bars(
                top.stream().map(Prediction::label).toList(),
                top.stream().mapToDouble(Prediction::probability).toArray());
    }

    /** The layers of a network, a line each; loads no native code. */
    public static Figure summary(String config, String... overrides) {
        return Figure.text(ModelSummary.of(config, model(config, overrides)).table());
    }

    /** A network as a drawing: stages, blocks, and the shapes between them; loads no native code. */
    public static Figure diagram(String config, String... overrides) {
        String svg = ModelPlot.of(config, model(config, overrides).build()).svg();
        return Figure.svg(svg, "diagram of " + config);
    }

    /** Networks by their sizes: parameters, multiply-accumulates for one image, input. */
    public static Figure sizes(String... configs) {
        List<List<String>> rows = Arrays.stream(configs)
                .map(name -> ModelSummary.of(name, model(name)))
                .map(s -> List.of(
                        s.name(),
                        s.arch(),
                        String.format(Locale.ROOT, "%,d", s.parameters()),
                        String.format(Locale.ROOT, "%,.1f M", s.macs() / 1e6),
                        s.input().toString()))
                .toList();
        return Tables.table(List.of("name", "architecture", "parameters", "MACs", "input"), rows);
    }

    /** The network of a config, as its record; {@code .build()} makes the graph. */
    public static ModelConfig model(String config, String... overrides) {
        Config read = Config.open(config, List.of(overrides));
        Optional<? extends ModelConfig> model = ModelConfig.read(read.root().section("model"));
        if (model.isEmpty()) read.finish();
        return model.orElseThrow(() -> new ConfigError(config + ": has no model"));
    }
}
