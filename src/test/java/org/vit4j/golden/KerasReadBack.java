package org.vit4j.golden;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffInference;
import org.vit4j.checkpoint.Npy;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.keras.KerasFile;
import org.vit4j.keras.RetrainedKerasModel;

/**
 * Reads the golden networks as saved by Keras and compares their logits with those that Keras computed; part of {@code
 * checks/interop.sh}. Prints one line per network: name, largest error over the largest logit, and as a measure of
 * rounding the error of vit4j in float32 against vit4j in float64.
 *
 * <pre>java ... org.vit4j.golden.KerasReadBack ORIGINALS SAVED</pre>
 *
 * ORIGINALS holds NAME.keras and NAME.input.npy, SAVED holds NAME.keras and NAME.logits.npy by Keras.
 */
final class KerasReadBack {
    private static final Path GOLDENS = Path.of(System.getProperty("goldens", "src/test/resources/goldens"));

    private KerasReadBack() {}

    public static void main(String[] args) throws IOException {
        Path originals = Path.of(args[0]);
        Path saved = Path.of(args[1]);
        List<String> names;
        try (Stream<Path> files = Files.list(saved)) {
            names = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".keras"))
                    .map(name -> name.substring(0, name.length() - ".keras".length()))
                    .sorted()
                    .toList();
        }
        for (String name : names) {
            try {
                System.out.println(name + " " + errors(name, originals, saved));
            } catch (ConfigError e) { // a rejected file must not hide the results of the others
                System.out.printf(Locale.ROOT, "%s refused: %s%n", name, e.getMessage());
            }
        }
    }

    private static String errors(String name, Path originals, Path saved) throws IOException {
        Graph graph =
                GoldenConfigs.build(GoldenCase.read(GOLDENS.resolve(name))).graph();
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        ParameterStore doubles = new ParameterStore(graph.parameters(), DataType.DOUBLE);
        try (KerasFile original = KerasFile.read(originals.resolve(name + ".keras"));
                RetrainedKerasModel trained = RetrainedKerasModel.read(saved.resolve(name + ".keras"), original)) {
            for (Parameter weight : graph.parameters()) {
                parameters.set(weight.name(), trained.values(weight.name()));
                doubles.set(weight.name(), trained.values(weight.name()));
            }
        }
        INDArray input = array(originals.resolve(name + ".input.npy"));
        INDArray actual = logits(graph, parameters, input);
        INDArray exact = logits(graph, doubles, input.castTo(DataType.DOUBLE)).castTo(DataType.FLOAT);
        INDArray expected = array(saved.resolve(name + ".logits.npy"));
        return String.format(Locale.ROOT, "%.1e %.1e", error(actual, expected), error(actual, exact));
    }

    private static INDArray logits(Graph graph, ParameterStore parameters, INDArray input) {
        try (Inference inference = new SameDiffInference(graph, parameters)) {
            return inference.logits(input);
        }
    }

    private static double error(INDArray a, INDArray b) {
        return a.sub(b).amaxNumber().doubleValue() / b.amaxNumber().doubleValue();
    }

    private static INDArray array(Path file) {
        SafeTensors.NamedValues array = Npy.read(file);
        long[] shape = java.util.Arrays.stream(array.shape()).asLongStream().toArray();
        return Nd4j.createFromArray(array.values()).reshape('c', shape);
    }
}
