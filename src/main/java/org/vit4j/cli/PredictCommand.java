package org.vit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.backend.Backend;
import org.vit4j.backend.Precision;
import org.vit4j.checkpoint.Npy;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.data.image.ImageFile;
import org.vit4j.model.SavedModel;
import org.vit4j.run.DistributedBackend;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "predict", mixinStandardHelpOptions = true, description = "Classifies images.")
final class PredictCommand implements Callable<Integer> {
    private static final int BATCH = 32;

    @Parameters(index = "0", paramLabel = "MODEL", description = "A .keras file written by vit4j.")
    private Path file;

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "IMAGE|DIR|NPY",
            description = "Image files, directories of images, or .npy files of preprocessed float32 [N, C, H, W].")
    private List<String> inputs;

    @Option(
            names = "--top",
            paramLabel = "K",
            defaultValue = "5",
            description = "Predictions per image (default: ${DEFAULT-VALUE}).")
    private int top;

    @Option(names = "--logits", description = "Also print the logits.")
    private boolean logits;

    @Option(
            names = "--spark",
            arity = "0..1",
            paramLabel = "MASTER",
            fallbackValue = "",
            description = "Predict on a Spark cluster and write a Parquet table to -o. Images and directories may be on"
                    + " any file"
                    + " system that Spark reads. Without MASTER, use the master of spark-submit.")
    private Optional<String> spark = Optional.empty();

    @Option(names = "-o", paramLabel = "OUT", description = "With --spark: the Parquet table to write.")
    private Optional<String> table = Optional.empty();

    @Mixin
    private OnCorruptOption onCorrupt;

    @Mixin
    private MaxPixelsOption maxPixels;

    @Mixin
    private PrecisionOption precision;

    @Mixin
    private JsonOption json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (top < 1) throw new ConfigError("--top " + top + ": expected at least 1");
        if (spark.isPresent() != table.isPresent()) {
            throw new ConfigError("predict: --spark MASTER and -o OUT.parquet require each other");
        }
        boolean failOnCorrupt = onCorrupt.fails();
        Backend backend = precision.backend();
        if (spark.isPresent()) {
            if (backend.precision() != Precision.FP32)
                throw new ConfigError("predict: --spark computes in fp32; remove --precision");
            return onSpark(failOnCorrupt);
        }
        PrintWriter err = spec.commandLine().getErr();
        List<Path> files =
                ImageArguments.files(inputs.stream().map(UserPath::of).toList(), note -> err.println("vit4j: " + note));
        PredictionPrinter printer = new PredictionPrinter(spec.commandLine().getOut(), json.requested(), logits);
        UnreadableInputs unreadable = new UnreadableInputs(err, failOnCorrupt);
        try (SavedModel model = SavedModel.load(file, backend);
                printer) {
            predict(model, files, printer, unreadable);
        }
        return unreadable.exitCode(files.size());
    }

    private int onSpark(boolean failOnCorrupt) {
        DistributedBackend.PredictionSummary predicted = DistributedBackend.find()
                .predict(spark.orElseThrow(), file, inputs, table.orElseThrow(), failOnCorrupt);
        predicted.unreadable().forEach(line -> spec.commandLine().getErr().println("vit4j: " + line));
        spec.commandLine().getOut().println(predicted.images() + " images: " + table.orElseThrow());
        spec.commandLine().getOut().flush();
        return predicted.unreadable().isEmpty() ? CommandLineProgram.SUCCESS : CommandLineProgram.FAILURE;
    }

    private void predict(SavedModel model, List<Path> files, PredictionPrinter printer, UnreadableInputs unreadable) {
        List<Path> batch = new ArrayList<>();
        List<float[]> prepared = new ArrayList<>();
        for (Path input : files) {
            try {
                if (input.toString().endsWith(".npy")) {
                    SafeTensors.NamedValues array = readNpy(model, input);
                    predictImages(model, batch, prepared, printer);
                    predictArray(model, input, array, printer);
                } else {
                    prepared.add(preprocess(model, input));
                    batch.add(input);
                    if (batch.size() == BATCH) predictImages(model, batch, prepared, printer);
                }
            } catch (ConfigError e) {
                unreadable.add(e, () -> predictImages(model, batch, prepared, printer));
            }
        }
        predictImages(model, batch, prepared, printer);
    }

    /** Reads and preprocesses an image to [H, W, C]. The decoded image, which may be large, is not retained. */
    private float[] preprocess(SavedModel model, Path image) {
        int channels = model.description().model().image().channels();
        return model.description().preprocess().apply(ImageFile.read(image, channels, maxPixels.limit()));
    }

    private void predictImages(SavedModel model, List<Path> batch, List<float[]> prepared, PredictionPrinter printer) {
        if (batch.isEmpty()) return;
        var image = model.description().model().image();
        int size = prepared.get(0).length;
        float[] values = new float[Math.multiplyExact(batch.size(), size)];
        for (int i = 0; i < batch.size(); i++) System.arraycopy(prepared.get(i), 0, values, i * size, size);
        long[] shape = {batch.size(), image.height(), image.width(), image.channels()};
        try (INDArray images = Nd4j.create(values, shape, 'c');
                INDArray rows = model.inference().logits(images)) {
            for (int i = 0; i < batch.size(); i++) print(model, batch.get(i), rows, i, printer);
        }
        batch.clear();
        prepared.clear();
    }

    private static SafeTensors.NamedValues readNpy(SavedModel model, Path npy) {
        SafeTensors.NamedValues array = Npy.read(npy);
        var spec = model.description().model().image();
        int[] s = array.shape();
        if (s.length != 4 || s[1] != spec.channels() || s[2] != spec.height() || s[3] != spec.width() || s[0] < 1) {
            throw new ConfigError(npy + ": expected [N, " + spec.channels() + ", " + spec.height() + ", " + spec.width()
                    + "], got " + java.util.Arrays.toString(s));
        }
        return array;
    }

    private void predictArray(SavedModel model, Path npy, SafeTensors.NamedValues array, PredictionPrinter printer) {
        int[] s = array.shape();
        INDArray all = Nd4j.createFromArray(array.values()).reshape('c', s[0], s[1], s[2], s[3]);
        for (int from = 0; from < s[0]; from += BATCH) {
            int to = Math.min(s[0], from + BATCH);
            INDArray rows = model.logits(all.get(NDArrayIndex.interval(from, to)));
            for (int i = 0; i < to - from; i++) print(model, npy, rows, i, printer);
        }
    }

    private void print(SavedModel model, Path input, INDArray rows, int i, PredictionPrinter printer) {
        float[] row = rows.getRow(i).dup().toFloatVector();
        printer.print(input.toString(), model.top(row, top), row);
    }
}
