package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vit4j.bench.BenchRunner;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.Digits;
import org.vit4j.data.image.Image;

/** Exit codes, output streams and JSON keys of the commands. */
class CommandLineTest {
    @TempDir
    static Path directory;

    private static Path model;
    private static Path image;

    /** Exit code and output of a command. */
    record Outcome(int code, String out, String err) {
        JsonNode json() throws IOException {
            return new ObjectMapper().readTree(out);
        }
    }

    static Outcome run(String... args) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream o = new ByteArrayOutputStream();
        ByteArrayOutputStream e = new ByteArrayOutputStream();
        System.setOut(new PrintStream(o, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(e, true, StandardCharsets.UTF_8));
        try {
            int code = CommandLineProgram.run(args);
            return new Outcome(code, o.toString(StandardCharsets.UTF_8), e.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    static void refused(String message, String... args) {
        Outcome outcome = run(args);
        assertThat(outcome.err).contains(message).doesNotContain("\tat ");
        assertThat(outcome.err.lines()).hasSize(1);
        assertThat(outcome.out).isEmpty();
        assertThat(outcome.code).isEqualTo(2);
    }

    @BeforeAll
    static void trainOnce() throws IOException {
        Path run = directory.resolve("run");
        Outcome outcome = run(
                "train",
                "digits-vit",
                "--run",
                run.toString(),
                "--set",
                "train.epochs=1",
                "--set",
                "model.dim=16",
                "--set",
                "model.heads=2",
                "--set",
                "model.depth=1");
        assertThat(outcome.code).as(outcome.err).isZero();
        assertThat(outcome.out).contains("validation accuracy").contains("model.keras");
        model = run.resolve("model.keras");
        image = directory.resolve("some.png");
        ImageIO.write(new BufferedImage(20, 30, BufferedImage.TYPE_INT_RGB), "png", image.toFile());
    }

    @Test
    void predictPrintsLabelsWithProbabilities() throws IOException {
        JsonNode all = run("predict", model.toString(), image.toString(), "--top", "3", "--logits", "--json")
                .json();
        assertThat(all).hasSize(1);
        assertThat(all.path(0).path("file").asText()).isEqualTo(image.toString());
        assertThat(all.path(0).path("predictions")).hasSize(3);
        assertThat(all.path(0).path("logits")).hasSize(10);
        JsonNode best = all.path(0).path("predictions").path(0);
        assertThat(best.path("label").asText()).isEqualTo(best.path("index").asText());
        assertThat(best.path("probability").asDouble()).isBetween(0.1, 1.0);
        assertThat(run("predict", model.toString(), image.toString()).out)
                .contains("%")
                .contains("some.png");
    }

    @Test
    void predictOfNpyArraysHasOneEntryPerImage() throws IOException {
        Path npy = directory.resolve("two.npy");
        String header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 32, 32), }";
        header += " ".repeat(117 - header.length()) + "\n";
        ByteBuffer bytes = ByteBuffer.allocate(10 + 118 + 2 * 1024 * 4).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}).putShort((short) 118);
        bytes.put(header.getBytes(StandardCharsets.ISO_8859_1));
        Files.write(npy, bytes.array());
        assertThat(run("predict", model.toString(), npy.toString(), "--json").json())
                .hasSize(2);
        Files.write(npy, java.util.Arrays.copyOf(bytes.array(), 300));
        refused("two.npy", "predict", model.toString(), npy.toString());
    }

    @Test
    void evalJsonHasUnroundedFractions() throws IOException {
        JsonNode scores =
                run("eval", model.toString(), "--data", "digits-vit", "--json").json();
        assertThat(scores.path("count").asInt()).isBetween(355, 365);
        assertThat(scores.path("top1").asDouble()).isBetween(0.0, 1.0);
        assertThat(scores.path("top5").asDouble())
                .isGreaterThanOrEqualTo(scores.path("top1").asDouble());
        assertThat(scores.path("confusion")).hasSize(10);
        assertThat(scores.has("loss")).isTrue();
    }

    @Test
    void evalOfADirectoryPerClassAgreesWithPredict() throws IOException {
        Dataset digits = Digits.all();
        for (int i = 0; i < 40; i++) {
            Image digit = digits.image(i);
            BufferedImage png = new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_GRAY);
            for (int p = 0; p < 64; p++) png.getRaster().setSample(p % 8, p / 8, 0, digit.pixels()[p]);
            Path folder = directory.resolve("photos/val/" + digits.label(i));
            Files.createDirectories(folder);
            ImageIO.write(png, "png", folder.resolve(i + ".png").toFile());
        }
        Path photos = directory.resolve("photos");
        JsonNode scores = run("eval", model.toString(), "--data", photos.toString(), "--json")
                .json();
        assertThat(scores.path("count").asInt()).isEqualTo(40);
        JsonNode predictions = run("predict", model.toString(), photos.toString(), "--top", "1", "--json")
                .json();
        int correct = 0;
        for (JsonNode prediction : predictions) {
            String actual = Path.of(prediction.path("file").asText())
                    .getParent()
                    .getFileName()
                    .toString();
            if (prediction.path("predictions").path(0).path("label").asText().equals(actual)) correct++;
        }
        assertThat(correct / 40.0).isEqualTo(scores.path("top1").asDouble());
    }

    @Test
    void summaryAcceptsVariantsConfigsAndModels() throws IOException {
        JsonNode base = run("summary", "vit_base_patch16_224", "--json").json();
        assertThat(base.path("parameters").asLong()).isEqualTo(86567656);
        assertThat(base.path("macs").asLong()).isEqualTo(17563828224L);
        assertThat(base.path("input").toString()).isEqualTo("[3,224,224]");
        assertThat(base.path("layers").size()).isGreaterThan(100);
        assertThat(run("summary", model.toString(), "--json")
                        .json()
                        .path("arch")
                        .asText())
                .isEqualTo("vit");
        assertThat(run("summary", "digits-vit").out).contains("parameters").contains("patch_embed.proj");
    }

    @Test
    void summaryDiagramShowsTheTensorsBelowAPath() {
        String block = run("summary", "digits-vit", "--diagram", "blocks.0").out;
        assertThat(block)
                .startsWith("flowchart TD")
                .contains("attn.probs<br/>Softmax [4, 17, 17]")
                .contains(" --> ");
        refused("no tensor below path 'blocks.9'", "summary", "digits-vit", "--diagram", "blocks.9");
    }

    @Test
    void modelsListsAllVariants() throws IOException {
        JsonNode models = run("models", "--json").json();
        assertThat(models.size()).isEqualTo(132);
        for (JsonNode m : models) {
            for (String key :
                    new String[] {"name", "arch", "flavor", "parameters", "macs", "input", "top1", "source"}) {
                assertThat(m.has(key)).as(key).isTrue();
            }
        }
    }

    @Test
    void benchJsonHasResultsOfEveryRunner() throws IOException {
        Outcome outcome = run(
                "bench", "digits-vit", "--steps", "2", "--set", "model.depth=1", "--set", "train.batch=4", "--json");
        assertThat(outcome.code).as(outcome.err).isZero();
        JsonNode bench = outcome.json();
        assertThat(bench.path("data").asText()).isEqualTo("digits");
        assertThat(bench.path("gflops").path("matmul_peak").asDouble()).isPositive();
        assertThat(bench.path("threads").asInt()).isPositive();
        assertThat(bench.path("processor").asText()).isNotEmpty();
        assertThat(bench.path("environment").has("nd4j_blas")).isTrue();
        assertThat(bench.path("inference_by_batch").fieldNames()).toIterable().containsExactly("1", "4", "8", "32");
        for (String runner : new String[] {"plain", "samediff"}) {
            assertThat(bench.path("training").path(runner).asDouble()).isPositive();
            assertThat(bench.path("inference").path(runner).asDouble())
                    .isEqualTo(bench.path("inference_by_batch")
                            .path("4")
                            .path(runner)
                            .asDouble());
            assertThat(bench.path("split").path(runner).fieldNames())
                    .toIterable()
                    .containsExactly("data", "forward", "backward", "optimizer");
            JsonNode seconds = bench.path("seconds").path("training").path(runner);
            assertThat(seconds.path("p10").asDouble())
                    .isPositive()
                    .isLessThanOrEqualTo(seconds.path("p90").asDouble());
            if (Files.exists(Path.of("/proc/self/status"))) {
                assertThat(bench.path("peak_memory").path(runner).asLong()).isGreaterThan(50_000_000);
            }
        }
    }

    @Test
    void benchWithoutADatasetUsesRandomDataAndPrintsATable() {
        String table = run(
                        "bench",
                        "vit_tiny_patch16_224",
                        "--only",
                        "samediff",
                        "--steps",
                        "1",
                        "--set",
                        "model.depth=1",
                        "--set",
                        "model.image.size=32",
                        "--set",
                        "train.batch=2")
                .out;
        assertThat(table)
                .contains("data: random")
                .contains("batch 32")
                .contains("samediff")
                .doesNotContain("plain");
    }

    @ParameterizedTest
    @CsvSource({"plain, PLAIN", "stock, PLAIN", "SameDiff, SAMEDIFF", "portable, SAMEDIFF", "accelerated, ONEDNN"})
    void benchRunnersHaveTheirCurrentAndEarlierNames(String name, BenchRunner runner) {
        assertThat(BenchRunner.of(name)).isEqualTo(runner);
    }

    @Test
    void benchAcceptsEarlierRunnerNames() {
        refused("no config 'nothing'", "bench", "nothing", "--only", "stock,portable,accelerated");
        refused("no config 'nothing'", "bench-worker", "nothing", "--runner", "accelerated");
        refused(
                "unknown runner 'fast'; known: plain, samediff, onednn, torch",
                "bench-worker",
                "x",
                "--runner",
                "fast");
        refused("unknown runner 'fast'; known: plain, samediff, onednn, torch", "bench", "x", "--only", "plain,fast");
    }

    @Test
    void compareReportsEveryRun() throws IOException {
        String run = directory.resolve("run").toString();
        Path page = directory.resolve("out/compare.html");
        JsonNode both =
                run("compare", run, run, "-o", page.toString(), "--json").json();
        assertThat(both).hasSize(2);
        assertThat(both.path(0).path("best").path("val_top1").asDouble()).isBetween(0.0, 1.0);
        assertThat(both.path(0).path("parameters").asLong())
                .isEqualTo(run("summary", model.toString(), "--json")
                        .json()
                        .path("parameters")
                        .asLong());
        assertThat(page).content().contains("Validation top-1");
        assertThat(run("compare", run).out).contains("best top-1").contains("1/1");
        assertThat(run("compare", run, "-o", page.toString()).out.lines()).hasSize(1);
    }

    @Test
    void invalidInputGivesOneLineAndExitCode2() throws IOException {
        Path text = Files.writeString(directory.resolve("text.png"), "not an image");
        Path truncated = Files.write(
                directory.resolve("truncated.keras"), java.util.Arrays.copyOf(Files.readAllBytes(model), 4000));
        refused("no config 'nothing'", "train", "nothing");
        refused("did you mean 'heads'?", "train", "digits-vit", "--set", "model.hedas=3");
        refused("unknown value 'vti', did you mean 'vit'?", "summary", "digits-vit", "--set", "model.arch=vti");
        refused("dim (64) must be a multiple of heads (5)", "summary", "digits-vit", "--set", "model.heads=5");
        refused("truncated.keras", "predict", truncated.toString(), image.toString());
        refused("text.png", "predict", model.toString(), text.toString());
        refused("text.png", "predict", text.toString(), image.toString());
        refused(
                "absent.png",
                "predict",
                model.toString(),
                directory.resolve("absent.png").toString());
        refused("is a directory", "train", directory.toString());
        refused("run", "eval", directory.resolve("run").toString(), "--data", "digits-vit");
        refused("unknown option '--fast'", "train", "digits-vit", "--fast");
        refused("--steps 0: expected at least 1", "bench", "digits-vit", "--steps", "0");
        refused("'--steps'", "bench", "digits-vit", "--steps", "many");
        refused("'--only'", "bench", "digits-vit", "--only", "fastest");
        refused("--callers 0: expected at least 1", "bench", "digits-vit", "--callers", "1,0");
        refused("--callers 2000000000: expected at most 1024", "bench", "digits-vit", "--callers", "2000000000");
        refused("--max-pixels 0: expected at least 1", "predict", "model.keras", "a.png", "--max-pixels", "0");
        refused("add it to --only", "bench", "digits-vit", "--callers", "2", "--only", "plain");
        refused("no config 'nothing'", "bench", "nothing");
        refused("none: does not exist", "compare", directory.resolve("none").toString());
        refused("text.png: not a directory", "compare", text.toString());
        String run = directory.resolve("run").toString();
        refused("is a directory; expected a file", "compare", run, "-o", directory.toString());
        refused("Missing required parameter: 'RUN'", "compare");
        refused("no command given");
        refused("depth (100000000) must be at most 10000", "summary", "digits-vit", "--set", "model.depth=100000000");
        refused("model: cannot be built: ", "summary", "digits-vit", "--set", "model.dim=2000000000");
        String[] large = {"summary", "digits-vit", "--set", "model.image.size=1000000", "--set", "model.patch_size=1"};
        refused("model: cannot be built: ", large);
        refused("data.path is missing", "train", "vit_tiny_patch16_224");
    }

    @Test
    void sweepTrainsEveryCombinationAndReportsFailures() throws IOException {
        String[] sweep = {
            "train",
            "digits-vit",
            "--run",
            directory.resolve("sweep").toString(),
            "--set",
            "train.epochs=1",
            "--set",
            "model.dim=16",
            "--set",
            "model.depth=1",
            "--set",
            "train.batch=256",
            "--set",
            "model.heads=2",
            "--set",
            "train.clip=null",
            "--set",
            "train.schedule.warmup_epochs=0",
            "--sweep",
            "train.optimizer.lr=1e-3,1e30",
            "--json"
        };
        Outcome outcome = run(sweep);
        assertThat(outcome.code).as(outcome.err).isEqualTo(1);
        assertThat(outcome.json().path("runs").path(0).path("state").asText()).isEqualTo("finished");
        assertThat(outcome.json().path("runs").path(1).path("problem").asText()).contains("the loss became");
        Path failed = directory.resolve("sweep/lr=1e30");
        Outcome compared = run("compare", directory.resolve("sweep/lr=1e-3").toString(), failed.toString());
        assertThat(compared.code).as(compared.err).isZero();
        assertThat(compared.out).contains("lr=1e-3").doesNotContain("1e30");
        assertThat(run("compare", directory.resolve("sweep").toString()).out).isEqualTo(compared.out);
        assertThat(compared.err)
                .isEqualTo("vit4j: " + failed + ": left out: no epoch of this run has finished yet (metrics.jsonl)\n");
        String again = run(
                        "train",
                        "digits-vit",
                        "--run",
                        directory.resolve("sweep/lr=1e-3").toString(),
                        "--resume",
                        "--set",
                        "train.epochs=1",
                        "--set",
                        "model.dim=16",
                        "--set",
                        "model.depth=1",
                        "--set",
                        "train.batch=256",
                        "--set",
                        "model.heads=2",
                        "--set",
                        "train.clip=null",
                        "--set",
                        "train.schedule.warmup_epochs=0",
                        "--json")
                .out;
        assertThat(new ObjectMapper().readTree(again).path("finished").asBoolean())
                .isTrue();
        refused("--sweep model.hedas=3: model: unknown key", "train", "digits-vit", "--sweep", "model.hedas=3");
    }

    @Test
    void helpGoesToStandardOutput() {
        Outcome help = run("train", "--help");
        assertThat(help.code).isZero();
        assertThat(help.out).contains("--resume");
        assertThat(help.err).isEmpty();
    }
}
