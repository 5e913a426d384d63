package org.vit4j.djl;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.NoopTranslator;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * Runs DJL's PyTorch engine, controlled by the line protocol of {@code vit4j bench-worker}: train N, infer B N, memory.
 *
 * <p>Arguments: directory of the traced models {@code train.pt} and {@code infer-B.pt}, image height, image width,
 * classes, training batch size.
 */
public final class DjlWorker {
    private static final String ENGINE = "PyTorch";
    private static final int CHANNELS = 3;

    private final Path directory;
    private final int height;
    private final int width;
    private final int classes;
    private final int batch;
    private final Map<Integer, Predictor<NDList, NDList>> predictors = new HashMap<>();
    private Trainer trainer;

    private DjlWorker(Path directory, int height, int width, int classes, int batch) {
        this.directory = directory;
        this.height = height;
        this.width = width;
        this.classes = classes;
        this.batch = batch;
    }

    public static void main(String[] args) throws Exception {
        DjlWorker worker = new DjlWorker(
                Path.of(args[0]),
                Integer.parseInt(args[1]),
                Integer.parseInt(args[2]),
                Integer.parseInt(args[3]),
                Integer.parseInt(args[4]));
        System.out.printf(
                "{\"ready\": \"DJL %s, libtorch %s\"}%n",
                Engine.getDjlVersion(), Engine.getEngine(ENGINE).getVersion());
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(worker.answer(List.of(line.strip().split("\\s+"))));
        }
    }

    private String answer(List<String> words) throws Exception {
        return switch (words.get(0)) {
            case "train" -> train(Integer.parseInt(words.get(1)));
            case "infer" -> infer(Integer.parseInt(words.get(1)), Integer.parseInt(words.get(2)));
            case "memory" -> "{\"resident\": " + status("VmRSS:") + ", \"peak\": " + status("VmHWM:") + "}";
            default -> throw new IllegalArgumentException("expected train, infer or memory, got " + words);
        };
    }

    private Model load(String name, Map<String, ?> options) throws Exception {
        Model model = Model.newInstance(name, ENGINE);
        model.load(directory, name, options);
        return model;
    }

    private Trainer trainer() throws Exception {
        // Parameters of a traced model are frozen without this option.
        Model model = load("train", Map.of("trainParam", "true"));
        // DJL's Adam has no decoupled weight decay; without it one multiplication per parameter is missing.
        var optimizer = Optimizer.adam().optLearningRateTracker(Tracker.fixed(1e-3f)).build();
        var config = new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss()).optOptimizer(optimizer);
        Trainer newTrainer = model.newTrainer(config);
        newTrainer.initialize(new Shape(batch, CHANNELS, height, width));
        return newTrainer;
    }

    private String train(int steps) throws Exception {
        if (trainer == null) trainer = trainer();
        try (NDManager manager = trainer.getManager().newSubManager()) {
            NDArray images = manager.randomNormal(new Shape(batch, CHANNELS, height, width));
            NDArray labels = manager.arange(batch).mod(classes).toType(DataType.INT64, false);
            return timed(steps, () -> step(images, labels));
        }
    }

    private float step(NDArray images, NDArray labels) {
        float value;
        try (GradientCollector gradients = trainer.newGradientCollector();
                NDList out = trainer.forward(new NDList(images));
                NDArray loss = trainer.getLoss().evaluate(new NDList(labels), out)) {
            gradients.backward(loss);
            value = loss.getFloat();
        }
        trainer.step();
        return value;
    }

    private String infer(int size, int times) throws Exception {
        if (!predictors.containsKey(size)) {
            predictors.put(size, load("infer-" + size, Map.of()).newPredictor(new NoopTranslator(null)));
        }
        Predictor<NDList, NDList> predictor = predictors.get(size);
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray images = manager.randomNormal(new Shape(size, CHANNELS, height, width));
            return timed(times, () -> {
                try (NDList out = predictor.predict(new NDList(images))) {
                    return out.singletonOrThrow().toFloatArray();
                }
            });
        }
    }

    private static String timed(int times, Callable<?> work) throws Exception {
        List<Double> seconds = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            long start = System.nanoTime();
            work.call();
            seconds.add((System.nanoTime() - start) / 1e9);
        }
        return "{\"seconds\": " + seconds + "}";
    }

    private static long status(String key) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith(key)) return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
        }
        return 0;
    }
}
