package org.vit4j.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.transforms.Interpolation;
import org.vit4j.metrics.Mistake;
import org.vit4j.metrics.Scores;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

/** Generated run directories and evaluations for tests. */
final class RunFixtures {
    private RunFixtures() {}

    /** Writes a run directory with the given validation accuracies; the loss falls by a fifth in each epoch. */
    static Path write(Path directory, String config, double... top1) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < top1.length; i++) {
            lines.append(String.format(
                    Locale.ROOT,
                    "{\"epoch\":%d,\"lr\":%s,\"train_loss\":%s,\"train_top1\":%s,\"val_loss\":%s,\"val_top1\":%s,"
                            + "\"images_per_second\":%s,\"seconds\":%s}%n",
                    i + 1,
                    0.001 / (i + 1),
                    2 * Math.pow(0.8, i),
                    top1[i] / 2,
                    Math.pow(0.8, i),
                    top1[i],
                    100 + i,
                    10 + i));
        }
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("metrics.jsonl"), lines);
        Files.writeString(directory.resolve("config.yaml"), config);
        Files.writeString(directory.resolve("environment.json"), "{\"java\": \"17 <&>\"}");
        return directory;
    }

    /** Creates an evaluation of {@code k} classes with mostly correct predictions and {@code shown} mistakes. */
    static EvaluationReport evaluation(int k, int shown) {
        SplittableRandom random = new SplittableRandom(k);
        long[][] confusion = new long[k][k];
        List<Scores.ClassScore> classes = new ArrayList<>();
        for (int i = 0; i < k; i++) {
            confusion[i][i] = 30L + random.nextInt(20);
            for (int j = 0; j < 3; j++) confusion[i][random.nextInt(k)]++;
            double recall = 0.5 + random.nextDouble() / 2;
            classes.add(new Scores.ClassScore("class <" + i + "> & \"co\"", 50, recall, recall, recall));
        }
        Scores scores = new Scores(0.5, 0.9, 0.99, 50L * k, classes, confusion);
        List<Mistake> mistakes = IntStream.range(0, shown)
                .mapToObj(i -> new Mistake(i, i % k, (i + 1) % k, 0.9, 0.01 * i, new float[32 * 32 * 3]))
                .toList();
        List<Double> mean = List.of(0.4, 0.6, 0.8);
        var preprocess = new Preprocessing(32, 32, 3, 1, Interpolation.BICUBIC, mean, List.of(0.25));
        return EvaluationReport.of(7, scores, mistakes, index -> "<" + index + ">.png", preprocess);
    }

    /** Parses XML and fails if it is not well-formed. */
    static Document parsed(String xml) {
        try {
            var factory = DocumentBuilderFactory.newInstance();
            return factory.newDocumentBuilder().parse(new InputSource(new java.io.StringReader(xml)));
        } catch (Exception e) {
            throw new AssertionError(e.getMessage(), e);
        }
    }
}
