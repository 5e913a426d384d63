package org.vit4j.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;
import org.vit4j.data.datasets.Digits;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.model.SavedModel;
import org.vit4j.run.RunConfig;
import org.vit4j.run.TrainRun;
import org.vit4j.train.Callback;
import org.vit4j.train.TrainState;

class NotebookTest {
    private final List<Figure> shown = new ArrayList<>();
    private final List<String> updated = new ArrayList<>();
    private final List<String> lines = new ArrayList<>();
    private final Display display = Display.updating(
            figure -> {
                shown.add(figure);
                return "display-" + shown.size();
            },
            (id, figure) -> updated.add(id + ": " + figure),
            lines::add);

    private static String[] tiny(Path directory, String... more) {
        List<String> all = new ArrayList<>(List.of(
                "output.dir=" + directory,
                "train.epochs=2",
                "train.batch=256",
                "train.schedule.warmup_epochs=0",
                "model.dim=8",
                "model.depth=2",
                "model.heads=2"));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    @Test
    void trainShowsOneDisplayAndTheRunCanBePlotted(@TempDir Path directory) throws Exception {
        TrainedRun run = Notebook.train(display, "digits-vit", tiny(directory.resolve("a")));
        assertThat(shown).hasSize(1); // one display, which is updated
        assertThat(updated.get(updated.size() - 1)).startsWith("display-1: a: ").contains(" of 2 (");
        assertThat(run.accuracy()).isBetween(0.0, 1.0);

        assertSvg(Notebook.curves(run));
        assertSvg(Notebook.confusion(run));
        assertPng(Notebook.mistakes(run));
        try (SavedModel model = run.load()) {
            var image = Digits.all().image(0);
            assertPng(Notebook.predictions(model, List.of(image, image)));
            assertThat(Notebook.predict(model, image, 3).html()).contains("<td");

            assertPng(Explain.gradCam(model, List.of(image)));
            assertPng(Explain.rollout(model, List.of(image)));
            assertSvg(Explain.distance(model, List.of(image)));
            assertSvg(Explain.similarity(model, List.of(image)));
            assertSvg(Explain.collapse(List.of("one", "two"), List.of(model, model), List.of(image)));
        }

        TrainedRun other = Notebook.train(display, "digits-vit", tiny(directory.resolve("b"), "train.seed=2"));
        assertSvg(Notebook.curves(List.of(run, other)));
        assertThat(Notebook.results(List.of(run, other)).html()).contains(">seed<", ">a<", ">b<");

        assertThat(Notebook.trainIfMissing(display, "digits-vit", tiny(directory.resolve("a"))))
                .isEqualTo(run);
        assertThat(shown).hasSize(2); // the finished run was found, not trained again
    }

    @Test
    void anInterruptedRunIsNotTakenForAFinishedOne(@TempDir Path directory) {
        Path run = directory.resolve("a");
        AtomicInteger epochs = new AtomicInteger();
        Callback counter = new Callback() {
            @Override
            public void epoch(EpochMetrics metrics, int all) {
                epochs.incrementAndGet();
            }
        };
        RunConfig config = RunConfig.open("digits-vit", List.of(tiny(run)));
        TrainRun.run(config, run, false, counter, () -> epochs.get() == 1);
        assertThat(run.resolve("model.keras")).exists();
        assertThat(run.resolve("evaluation.json")).exists();
        assertThat(new TrainedRun(run).isFinished()).isFalse();
        TrainedRun trained = Notebook.trainIfMissing(display, "digits-vit", tiny(run));
        assertThat(trained.record().epochs()).hasSize(2);
        assertThat(trained.isFinished()).isTrue();
    }

    @Test
    void sweepReturnsItsRunsInGridOrder(@TempDir Path directory) {
        List<TrainedRun> runs = Notebook.sweep(
                display, "digits-vit", List.of(tiny(directory, "train.epochs=1")), "train.optimizer.lr=1e-2,1e-3");
        assertThat(runs).extracting(run -> run.record().name()).containsExactly("lr=1e-2", "lr=1e-3");
        assertThat(shown).hasSize(1);
        assertThat(updated.get(updated.size() - 1)).startsWith("display-1: 2 runs in ");
    }

    @Test
    void progressIsPrintedAsAFewLinesIfDisplaysCannotBeUpdated() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Display lines = Display.text(new PrintStream(out, true, StandardCharsets.UTF_8));
        NotebookProgress progress = new NotebookProgress("small", 1, lines, () -> 0);
        progress.start(300);
        for (int epoch = 1; epoch <= 300; epoch++) {
            progress.epoch(new EpochMetrics(epoch, 0.001, 1.5, 0.5, 1, 0.75, null, null, 100, 2), 300);
        }
        progress.end("done");
        List<String> printed = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(printed).hasSize(11);
        assertThat(printed.get(9))
                .isEqualTo("small, epoch 300 of 300: loss 1.5000, validation top-1 75.00%, 100 images/s");
    }

    @Test
    void displayIsUpdatedAtMostTwicePerSecond() {
        AtomicLong now = new AtomicLong();
        NotebookProgress progress = new NotebookProgress("small", 1, display, now::get);
        progress.start(2);
        for (int batch = 1; batch <= 100; batch++) {
            now.addAndGet(TimeUnit.MILLISECONDS.toNanos(20));
            progress.batch(
                    new TrainState(0, batch, batch, batch, batch / 2, batch, 0.02 * batch, List.of()), 100, 1234);
        }
        assertThat(updated).hasSize(4);
        assertThat(updated.get(3)).contains("epoch 1 of 2", "top-1 50.0%", "1234 images/s");
    }

    @Test
    void errorsAreConfigErrorsAsOnTheCommandLine() {
        assertThatThrownBy(() -> Notebook.train(display, "digits-vit", "train.epochz=3"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("did you mean 'epochs'?");
        assertThatThrownBy(() -> Notebook.confusion(Notebook.run("nowhere")))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("nowhere");
        assertThat(shown).isEmpty();
    }

    @Test
    void networksAndImagesAreShownWithoutTraining() throws Exception {
        assertThat(Notebook.summary("vit_base_patch16_224").text()).contains("86,567,656");
        assertThat(Notebook.sizes("digits-vit", "digits-pit").html()).contains("digits-vit", "digits-pit");
        assertSvg(Notebook.diagram("digits-cvt"));
        assertPng(Notebook.preview("digits-vit", 6));
        assertPng(Notebook.images(Digits.all(), 6));
    }

    @Test
    void zeppelinOutputHasOnlyOneMarker() {
        String printed = Figure.text("50%\n%sh rm").zeppelin();
        assertThat(printed).startsWith("%html <pre");
        assertThat(printed.lines().skip(1)).noneMatch(line -> line.startsWith("%"));
    }

    @Test
    void figureIsWrittenAsAFile(@TempDir Path directory) throws IOException {
        Figure figure = Notebook.images(Digits.all(), 2);
        figure.write(directory.resolve("two.png"));
        assertThatThrownBy(() -> figure.write(directory.resolve("two.svg")))
                .isInstanceOf(ConfigError.class)
                .hasMessage(directory.resolve("two.svg") + ": the figure cannot be written as .svg; expected .png");
        figure.write(directory.resolve("two.html"));
        assertThat(Files.readString(directory.resolve("two.html"))).isEqualTo(figure.html());
        assertThatThrownBy(() -> Notebook.images(Digits.all(), 0))
                .hasMessage("there are no images to draw; expected at least one");
        assertThat(ImageIO.read(directory.resolve("two.png").toFile())).isNotNull();
        assertThat(figure.html()).startsWith("<img").contains("data:image/png;base64,");
        Figure text = Figure.text("a < b");
        text.write(directory.resolve("text.html"));
        assertThat(Files.readString(directory.resolve("text.html")))
                .isEqualTo(text.html())
                .contains("a &lt; b");
    }

    private static void assertSvg(Figure figure) throws Exception {
        assertThat(figure.mime()).isEqualTo("image/svg+xml");
        byte[] svg = figure.data().getBytes(StandardCharsets.UTF_8);
        var root = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg))
                .getDocumentElement();
        assertThat(root.getTagName()).isEqualTo("svg");
        assertThat(Integer.parseInt(root.getAttribute("width"))).isGreaterThan(100);
        assertThat(figure.data()).doesNotContain("prefers-color-scheme");
    }

    private static void assertPng(Figure figure) throws IOException {
        assertThat(figure.mime()).isEqualTo("image/png");
        assertThat(ImageIO.read(new ByteArrayInputStream(Base64.getDecoder().decode(figure.data()))))
                .isNotNull();
    }
}
