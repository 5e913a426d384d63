package org.vit4j.cli;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vit4j.config.ConfigError;
import org.vit4j.io.Csv;
import org.vit4j.model.Prediction;

/**
 * File of predictions with one row per image: a CSV table with a header, or one JSON object a line.
 *
 * <p>CSV columns are {@code path, index, label, probability} of the most likely class, then {@code index_2, label_2,
 * probability_2, ...} of the next ones, then {@code labels} (the names of the classes above the threshold, separated by
 * semicolons), {@code logit_0, ...} and {@code feature_0, ...}. JSON objects have {@code path, index, label, probability,
 * predictions} and the arrays {@code labels}, {@code logits} and {@code features}.
 */
final class PredictionTable implements PredictionWriter {
    private static final String PARQUET = ".parquet";
    private static final String SEPARATOR = ";";

    private final BufferedWriter out;
    private final boolean csv;
    private boolean started;

    /** Creates {@code temporary}, in the format of the name of {@code file}. */
    private PredictionTable(Path file, Path temporary) throws IOException {
        csv = file.toString().endsWith(".csv");
        out = Files.newBufferedWriter(temporary);
    }

    /** @throws ConfigError if the name of a file to write has an unexpected extension */
    static void check(Path file) {
        String name = file.toString();
        if (name.endsWith(".csv") || name.endsWith(".jsonl") || name.endsWith(PARQUET)) return;
        throw new ConfigError("-o " + file + ": unknown format; expected .csv, .jsonl or .parquet");
    }

    /** Creates {@code temporary}, in the format of the name of {@code file}. */
    static PredictionWriter open(Path file, Path temporary) throws IOException {
        return file.toString().endsWith(PARQUET)
                ? new PredictionParquet(temporary)
                : new PredictionTable(file, temporary);
    }

    @Override
    public void write(PredictedImage image) {
        try {
            if (!csv) out.write(Json.line(fields(image)));
            else {
                if (!started) out.write(Csv.line(header(image)) + "\n");
                out.write(Csv.line(row(image)));
            }
            out.write("\n");
            started = true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, Object> fields(PredictedImage image) {
        Prediction best = image.predictions().get(0);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("path", image.file());
        fields.put("index", best.index());
        fields.put("label", best.label());
        fields.put("probability", best.probability());
        fields.put("predictions", image.predictions());
        image.labelNames().ifPresent(names -> fields.put("labels", names));
        image.logits().ifPresent(row -> fields.put("logits", row));
        image.features().ifPresent(row -> fields.put("features", row));
        return fields;
    }

    /** Columns of a CSV table; those of logits and features are the last. */
    static List<Object> header(PredictedImage image) {
        List<Object> names = new ArrayList<>(List.of("path"));
        for (int i = 1; i <= image.predictions().size(); i++) {
            String suffix = i == 1 ? "" : "_" + i;
            names.addAll(List.of("index" + suffix, "label" + suffix, "probability" + suffix));
        }
        image.labels().ifPresent(labels -> names.add("labels"));
        image.logits().ifPresent(row -> {
            for (int i = 0; i < row.length; i++) names.add("logit_" + i);
        });
        image.features().ifPresent(row -> {
            for (int i = 0; i < row.length; i++) names.add("feature_" + i);
        });
        return names;
    }

    /** Values of the columns. */
    static List<Object> row(PredictedImage image) {
        List<Object> values = new ArrayList<>(List.of(image.file()));
        for (Prediction p : image.predictions()) values.addAll(List.of(p.index(), p.label(), p.probability()));
        image.labelNames().ifPresent(names -> values.add(String.join(SEPARATOR, names)));
        image.logits().ifPresent(row -> {
            for (float value : row) values.add(value);
        });
        image.features().ifPresent(row -> {
            for (float value : row) values.add(value);
        });
        return values;
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
