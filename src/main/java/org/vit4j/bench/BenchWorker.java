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
import org.vit4j.onnx.OnnxModel;
import org.vit4j.onnx.PixelInput;
import org.vit4j.train.RunConfig;

/**
 * One contender in a process of its own, told what to do line by line: for measuring memory, and for taking turns with
 * programs in other languages. Each line is answered by a line of JSON.
 *
 * <pre>
 * train N     N training steps on random data    {"seconds": [...]}
 * infer B N   N forward passes of B images       {"seconds": [...]}
 * onnx FILE   writes the network, for others    {"bytes": size}
 * memory                                         {"resident": bytes, "peak": bytes}, 0 where it is not known
 * </pre>
 */
public final class BenchWorker {
    private final RunConfig config;
    private final Subject contender;
    private final Batch batch;

    private BenchWorker(RunConfig config, Subject contender) {
        this.config = config;
        this.contender = contender;
        this.batch = BenchData.random(config, config.train().batch());
    }

    /** Serves until the lines end. */
    public static void serve(RunConfig config, BenchRunner runner, BufferedReader lines, PrintWriter answers)
            throws IOException {
        try (Subject contender = runner.open(config)) {
            BenchWorker worker = new BenchWorker(config, contender);
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
            case "memory" -> memory(ProcessMemory.resident(), ProcessMemory.peak());
            default -> throw new IllegalArgumentException("expected train, infer, onnx or memory, got " + words);
        };
    }

    /** The network that the config describes, with its first weights. */
    private String onnx(Path file) {
        BenchNetwork network = new BenchNetwork(config);
        OnnxModel.of(network.graph(), config.name(), PixelInput.normalized())
                .write(file, network.parameters()::values, Map.of());
        return "{\"bytes\": " + file.toFile().length() + "}";
    }

    private String train(int steps) {
        return timed(steps, () -> {
            contender.gradient(batch);
            contender.update();
        });
    }

    private String infer(int size, int times) {
        try (INDArray images = BenchNetwork.images(BenchData.random(config, size))) {
            return timed(times, () -> contender.infer(images));
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
