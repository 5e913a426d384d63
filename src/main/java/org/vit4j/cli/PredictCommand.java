package org.vit4j.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.checkpoint.Npy;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Image;
import org.vit4j.data.ImageFile;
import org.vit4j.model.Prediction;
import org.vit4j.model.SavedModel;
import org.vit4j.train.DistributedBackend;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "predict", mixinStandardHelpOptions = true, description = "Names what is on pictures.")
final class PredictCommand implements Callable<Integer> {
    private static final int BATCH = 32;

    @Parameters(index = "0", paramLabel = "MODEL", description = "A .keras file of vit4j.")
    private Path file;

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "IMAGE|DIR|NPY",
            description = "Pictures, directories of pictures, or .npy of float32 [N, C, H, W], already preprocessed.")
    private List<String> inputs;

    @Option(names = "--top", paramLabel = "K", defaultValue = "5", description = "Guesses an image (${DEFAULT-VALUE}).")
    private int top;

    @Option(names = "--logits", description = "The raw outputs too.")
    private boolean logits;

    @Option(
            names = "--spark",
            arity = "0..1",
            paramLabel = "MASTER",
            fallbackValue = "",
            description =
                    "Let a Spark cluster do it, and write a Parquet table to -o. Pictures and directories may lie on any"
                            + " file system that Spark reads.")
    private Optional<String> spark = Optional.empty();

    @Option(names = "-o", paramLabel = "OUT", description = "With --spark: the Parquet table to write.")
    private Optional<String> table = Optional.empty();

    @Option(names = "--json", description = "Machine output.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    /** One image's answer. */
    private record PredictedImage(String file, List<Prediction> predictions, float[] logits) {}

    @Override
    public Integer call() {
        if (top < 1) throw new ConfigError("--top " + top + ": expected at least 1");
        if (spark.isPresent() != table.isPresent()) {
            throw new ConfigError("predict: --spark MASTER and -o OUT.parquet go together");
        }
        if (spark.isPresent()) return onSpark();
        List<PredictedImage> answers = new ArrayList<>();
        List<Path> files = files();
        try (SavedModel model = SavedModel.load(file)) {
            List<Path> pictures = new ArrayList<>();
            for (Path input : files) {
                if (input.toString().endsWith(".npy")) {
                    pictures(model, pictures, answers);
                    array(model, input, answers);
                } else {
                    pictures.add(input);
                    if (pictures.size() == BATCH) pictures(model, pictures, answers);
                }
            }
            pictures(model, pictures, answers);
        }
        print(answers);
        return CommandLineProgram.DONE;
    }

    private int onSpark() {
        long rows = DistributedBackend.find().predict(spark.orElseThrow(), file, inputs, table.orElseThrow());
        spec.commandLine().getOut().println(rows + " pictures: " + table.orElseThrow());
        spec.commandLine().getOut().flush();
        return CommandLineProgram.DONE;
    }

    private List<Path> files() {
        List<Path> files = new ArrayList<>();
        for (Path input : inputs.stream().map(Path::of).toList()) {
            if (!Files.exists(input)) throw new ConfigError(input + ": no such file or directory");
            if (Files.isDirectory(input)) files.addAll(picturesIn(input));
            else files.add(input);
        }
        return files;
    }

    private static List<Path> picturesIn(Path directory) {
        try (Stream<Path> all = Files.walk(directory)) {
            List<Path> pictures = all.filter(ImageFile::isImage).sorted().toList();
            if (pictures.isEmpty()) throw new ConfigError(directory + ": holds no pictures");
            return pictures;
        } catch (IOException e) {
            throw new ConfigError(directory + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private void pictures(SavedModel model, List<Path> pictures, List<PredictedImage> answers) {
        if (pictures.isEmpty()) return;
        int channels = model.description().model().image().channels();
        List<Image> images =
                pictures.stream().map(p -> ImageFile.read(p, channels)).toList();
        INDArray rows = model.inference().logits(model.prepare(images));
        for (int i = 0; i < pictures.size(); i++) answers.add(answer(model, pictures.get(i), rows, i));
        pictures.clear();
    }

    private void array(SavedModel model, Path npy, List<PredictedImage> answers) {
        SafeTensors.NamedValues array = Npy.read(npy);
        var spec = model.description().model().image();
        int[] s = array.shape();
        if (s.length != 4 || s[1] != spec.channels() || s[2] != spec.height() || s[3] != spec.width() || s[0] < 1) {
            throw new ConfigError(npy + ": expected [N, " + spec.channels() + ", " + spec.height() + ", " + spec.width()
                    + "], got " + java.util.Arrays.toString(s));
        }
        INDArray all = Nd4j.createFromArray(array.values()).reshape('c', s[0], s[1], s[2], s[3]);
        for (int from = 0; from < s[0]; from += BATCH) {
            int to = Math.min(s[0], from + BATCH);
            INDArray rows = model.logits(all.get(NDArrayIndex.interval(from, to)));
            for (int i = 0; i < to - from; i++) answers.add(answer(model, npy, rows, i));
        }
    }

    private PredictedImage answer(SavedModel model, Path input, INDArray rows, int i) {
        float[] row = rows.getRow(i).dup().toFloatVector();
        return new PredictedImage(input.toString(), model.top(row, top), row);
    }

    private void print(List<PredictedImage> answers) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.text(answers.stream().map(this::machine).toList()));
        } else {
            for (PredictedImage answer : answers) {
                out.println(answer.file);
                for (Prediction p : answer.predictions) {
                    out.printf(Locale.ROOT, "  %6.2f%%  %s%n", 100 * p.probability(), p.label());
                }
                if (logits) out.println("  logits " + java.util.Arrays.toString(answer.logits));
            }
        }
        out.flush();
    }

    private Map<String, Object> machine(PredictedImage answer) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("file", answer.file);
        entry.put("predictions", answer.predictions);
        if (logits) entry.put("logits", answer.logits);
        return entry;
    }
}
