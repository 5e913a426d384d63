package org.vit4j.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.data.Batch;
import org.vit4j.model.Network;
import org.vit4j.onnx.OnnxModel;
import org.vit4j.onnx.PixelInput;
import org.vit4j.run.RunConfig;

/**
 * Runs one subject in a separate process, controlled by a line protocol: to measure memory, and to alternate with
 * programs in other languages. Each command is answered by a line of JSON.
 *
 * <pre>
 * train N     N training steps on random data    {"seconds": [...]}
 * infer B N   N forward passes of B images       {"seconds": [...]}
 * onnx FILE   exports the network as ONNX file  {"bytes": size}
 * keras FILE  saves the network                 {"bytes": size}
 * memory      memory of this process            {"resident": bytes, "peak": bytes}, 0 if unknown
 * </pre>
 */
public final class BenchWorker {
    private final RunConfig config;
    private final Subject subject;
    private final Batch batch;

    private BenchWorker(RunConfig config, Subject subject) {
        this.config = config;
        this.subject = subject;
        this.batch = BenchData.random(config, config.train().batch());
    }

    /** Executes commands until the input ends. */
    public static void serve(RunConfig config, BenchRunner runner, BufferedReader lines, PrintWriter answers)
            throws IOException {
        try (Subject subject = runner.open(config)) {
            BenchWorker worker = new BenchWorker(config, subject);
            answers.println("{\"ready\": \"" + runner.word() + "\"}");
            answers.flush();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                answers.println(worker.answer(List.of(line.strip().split("\\s+"))));
                answers.flush();
            }
        }
    }

    private String answer(List<String> words) {
        return switch (words.get(0)) {
            case "train" -> train(Integer.parseInt(words.get(1)));
            case "infer" -> infer(Integer.parseInt(words.get(1)), Integer.parseInt(words.get(2)));
            case "onnx" -> onnx(Path.of(words.get(1)));
            case "keras" -> keras(Path.of(words.get(1)));
            case "memory" -> memory(ProcessMemory.resident(), ProcessMemory.peak());
            default -> throw new IllegalArgumentException("expected train, infer, onnx, keras or memory, got " + words);
        };
    }

    /** Exports the network with its initial weights. */
    private String onnx(Path file) {
        BenchNetwork network = new BenchNetwork(config);
        OnnxModel.of(network.graph(), config.name(), PixelInput.normalized())
                .write(file, network.parameters()::values, Map.of());
        return "{\"bytes\": " + file.toFile().length() + "}";
    }

    /** Saves the network with its initial weights. */
    private String keras(Path file) {
        try (Network network = Network.create(config.model(), config.train().seed())) {
            network.save(file);
        }
        return "{\"bytes\": " + file.toFile().length() + "}";
    }

    private String train(int steps) {
        return timed(steps, () -> {
            subject.gradient(batch);
            subject.update();
        });
    }

    private String infer(int size, int times) {
        try (INDArray images = BenchNetwork.images(BenchData.random(config, size))) {
            return timed(times, () -> subject.infer(images));
        }
    }

    private static String timed(int times, Runnable work) {
        List<Double> seconds = new ArrayList<>();
        for (int i = 0; i < times; i++) seconds.add(Stopwatch.seconds(work));
        return "{\"seconds\": " + seconds + "}";
    }

    private static String memory(OptionalLong resident, OptionalLong peak) {
        return "{\"resident\": " + resident.orElse(0) + ", \"peak\": " + peak.orElse(0) + "}";
    }
}
