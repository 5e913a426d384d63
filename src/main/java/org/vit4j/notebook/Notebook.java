package org.vit4j.notebook;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageFile;
import org.vit4j.machine.ProgramLogging;
import org.vit4j.model.Prediction;
import org.vit4j.model.SavedModel;
import org.vit4j.models.Model;
import org.vit4j.models.Models;
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
import org.vit4j.run.AugmentPreview;
import org.vit4j.run.RunConfig;
import org.vit4j.run.Sweep;
import org.vit4j.run.SweepPlan;
import org.vit4j.run.SweepSummary;
import org.vit4j.run.TrainData;
import org.vit4j.run.TrainRun;

/**
 * Functions for notebook cells, intended for static import:
 *
 * <pre>{@code
 * import org.vit4j.notebook.*;
 * import static org.vit4j.notebook.Notebook.*;
 *
 * TrainedRun run = train(display, "digits-vit");
 * display.show(curves(run), confusion(run));
 * }</pre>
 *
 * <p>If the environment variable {@code VIT4J_NOTEBOOK_FAST} is set, runs are limited to {@value #FAST_EPOCHS} epochs
 * and print a note. This is for testing notebooks; the results are meaningless.
 */
public final class Notebook {
    private static final int FAST_EPOCHS = 2;

    static {
        ProgramLogging.configure();
        // Notebook kernels may run without a screen.
        System.setProperty("java.awt.headless", "true");
    }

    private Notebook() {}

    /**
     * Trains a config and writes the run to its {@code output.dir}; an earlier run there is renamed. If the cell's
     * thread is interrupted, training ends after the current step and saves; not every kernel waits for that.
     *
     * @param config YAML file or name of a packaged config
     * @param overrides {@code path=value} each, as {@code --set}
     * @throws ConfigError if the config or an override is invalid
     */
    public static TrainedRun train(Display display, String config, String... overrides) {
        RunConfig run = open(display, config, List.of(overrides));
        NotebookProgress progress = new NotebookProgress(run.name(), 1, display, System::nanoTime);
        Thread cell = Thread.currentThread();
        TrainRun.RunResult result = TrainRun.run(run, run.output().dir(), false, progress, cell::isInterrupted);
        TrainedRun trained = new TrainedRun(result.directory());
        String seconds = TextFormat.time(trained.record().seconds());
        progress.end((result.finished() ? "" : "stopped early, ") + trained + ", " + seconds);
        return trained;
    }

    /** Returns the finished run in the config's {@code output.dir}; trains if there is none. */
    public static TrainedRun trainIfMissing(Display display, String config, String... overrides) {
        RunConfig read = RunConfig.open(config, List.of(overrides));
        TrainedRun run = new TrainedRun(read.output().dir());
        if (!run.isFinished()) return train(display, config, overrides);
        display.print("found " + run);
        return run;
    }

    private static RunConfig open(Display display, String config, List<String> overrides) {
        RunConfig run = RunConfig.open(config, overrides);
        int epochs = run.train().epochs();
        if (!fast() || epochs <= FAST_EPOCHS) return run;
        display.print("VIT4J_NOTEBOOK_FAST is set: " + FAST_EPOCHS + " of " + epochs + " epochs");
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
     * Trains all combinations of several values, one run after another.
     *
     * @param overrides as for {@link #train}, applied to all runs
     * @param sweeps {@code path=value,value} each
     * @return the runs, in the order of the grid
     */
    public static List<TrainedRun> sweep(Display display, String config, List<String> overrides, String... sweeps) {
        if (fast()) display.print("VIT4J_NOTEBOOK_FAST is set: " + FAST_EPOCHS + " epochs each");
        SweepPlan plan = Sweep.plan(config, fast() ? fast(overrides) : overrides, List.of(sweeps), Optional.empty());
        Thread cell = Thread.currentThread();
        List<TrainedRun> runs = new ArrayList<>();
        NotebookProgress progress =
                new NotebookProgress(plan.name(), plan.runs().size(), display, System::nanoTime);
        SweepSummary summary = Sweep.run(plan, false, progress, cell::isInterrupted);
        progress.end(summary.rows().size() + " runs in " + plan.directory() + ", best: "
                + summary.rows().get(0).run());
        for (SweepPlan.SweepEntry entry : plan.runs())
            runs.add(new TrainedRun(plan.directory().resolve(entry.name())));
        return runs;
    }

    /** Opens an earlier run by its directory. */
    public static TrainedRun run(String directory) {
        return new TrainedRun(UserPath.of(directory));
    }

    /** Plots loss and accuracy by epoch. */
    public static Figure curves(TrainedRun run) {
        return Figure.charts(RunReport.charts(run.record()).subList(0, 2), "curves of " + run);
    }

    /** Plots validation accuracy and loss of several runs. */
    public static Figure curves(List<TrainedRun> runs) {
        List<Chart> charts = ComparisonPage.charts(comparison(runs));
        return Figure.charts(charts.subList(0, 2), "curves of " + runs.size() + " runs");
    }

    /** Shows a table of runs with config differences and results. */
    public static Figure results(List<TrainedRun> runs) {
        RunComparison comparison = comparison(runs);
        List<List<String>> cells = comparison.cells();
        return Tables.table(cells.get(0), cells.subList(1, cells.size()), comparison.table());
    }

    private static RunComparison comparison(List<TrainedRun> runs) {
        return RunComparison.read(runs.stream().map(TrainedRun::directory).toList());
    }

    /** Shows the confusion matrix of the best model on the validation images. */
    public static Figure confusion(TrainedRun run) {
        EvaluationReport e = run.evaluation();
        String text = String.format(
                Locale.ROOT, "confusion matrix of %s: %.2f%% of %d images are correct", run, 100 * e.top1(), e.count());
        return Figure.svg(MatrixChart.confusion(e).svg(), text);
    }

    /** Shows the worst mistakes of the best model on the validation images, after preprocessing. */
    public static Figure mistakes(TrainedRun run) {
        EvaluationReport e = run.evaluation();
        if (e.mistakes().isEmpty()) return Figure.text("All validation images were classified correctly.");
        List<SheetTile> tiles =
                e.mistakes().stream().map(mistake -> tile(e, mistake)).toList();
        BufferedImage sheet =
                ContactSheet.draw("Worst mistakes", "actual and predicted class with their probabilities", tiles);
        return Figure.png(sheet, tiles.size() + " worst mistakes of " + run);
    }

    private static SheetTile tile(EvaluationReport e, EvaluationReport.MistakeImage mistake) {
        return new SheetTile(
                Tables.image(mistake.png()),
                List.of(
                        new LabelShare(
                                "actual " + e.classes().get(mistake.actual()).name(), mistake.probabilityOfActual()),
                        new LabelShare(
                                "predicted "
                                        + e.classes().get(mistake.predicted()).name(),
                                mistake.probability())));
    }

    /** Shows the first training images after augmentation and mixing, with their labels. */
    public static Figure preview(String config, int count, String... overrides) {
        RunConfig run = RunConfig.open(config, List.of(overrides));
        BufferedImage sheet = AugmentPreview.sheet(run, TrainData.open(run), 1, count);
        return Figure.png(sheet, count + " training images of " + run.name());
    }

    /** Shows the first images of a dataset with their labels. */
    public static Figure images(Dataset data, int count) {
        List<SheetTile> tiles = IntStream.range(0, Math.min(count, data.size()))
                .mapToObj(i -> new SheetTile(
                        ImageFile.toBufferedImage(data.image(i)),
                        List.of(new LabelShare(data.classes().get(data.label(i)), 1))))
                .toList();
        BufferedImage sheet = ContactSheet.draw(tiles.size() + " of " + data.size() + " images", "as stored", tiles);
        return Figure.png(sheet, tiles.size() + " images");
    }

    /** Shows images with the two most probable classes of each. */
    public static Figure predictions(SavedModel model, List<Image> images) {
        List<SheetTile> tiles = new ArrayList<>();
        for (Image image : images) {
            List<LabelShare> shares = model.predict(image, 2).stream()
                    .map(p -> new LabelShare(p.label(), p.probability()))
                    .toList();
            tiles.add(new SheetTile(ImageFile.toBufferedImage(image), shares));
        }
        BufferedImage sheet = ContactSheet.draw(model.description().name(), "the two most probable classes", tiles);
        return Figure.png(sheet, "predictions for " + images.size() + " images");
    }

    /** Shows the {@code k} most probable classes of one image. */
    public static Figure predict(SavedModel model, Image image, int k) {
        List<Prediction> top = model.predict(image, k);
        return Tables.bars(
                top.stream().map(Prediction::label).toList(),
                top.stream().mapToDouble(Prediction::probability).toArray());
    }

    /** Shows the layers of a network, one line each; loads no native code. */
    public static Figure summary(String config, String... overrides) {
        return Figure.text(ModelSummary.of(config, model(config, overrides)).table());
    }

    /** Draws a network with stages, blocks and tensor shapes; loads no native code. */
    public static Figure diagram(String config, String... overrides) {
        String svg = ModelPlot.of(config, model(config, overrides).graph()).svg();
        return Figure.svg(svg, "diagram of " + config);
    }

    /** Shows a table of networks: parameters, multiply-accumulates for one image, input size. */
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

    /** Returns the network of a config; {@code .graph()} returns its graph. */
    public static Model model(String config, String... overrides) {
        return Models.builtIn().open(config, List.of(overrides));
    }
}
