package org.vit4j.cli;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.vit4j.model.Prediction;

/** Prints predictions one by one; as JSON, they are the elements of one list that {@link #close} ends. */
final class PredictionPrinter implements AutoCloseable {
    private final PrintWriter out;
    private final boolean json;
    private final boolean logits;
    private boolean started;

    PredictionPrinter(PrintWriter out, boolean json, boolean logits) {
        this.out = out;
        this.json = json;
        this.logits = logits;
    }

    void print(String file, List<Prediction> predictions, float[] row) {
        if (json) {
            out.print(started ? ", " : "[ ");
            out.print(Json.text(entry(file, predictions, row)));
        } else {
            out.println(file);
            for (Prediction p : predictions) {
                out.printf(Locale.ROOT, "  %6.2f%%  %s%n", 100 * p.probability(), p.label());
            }
            if (logits) out.println("  logits " + Arrays.toString(row));
        }
        out.flush();
        started = true;
    }

    private Map<String, Object> entry(String file, List<Prediction> predictions, float[] row) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("file", file);
        entry.put("predictions", predictions);
        if (logits) entry.put("logits", row);
        return entry;
    }

    /** Ends the JSON list, unless no prediction was printed. */
    @Override
    public void close() {
        if (json && started) out.println(" ]");
        out.flush();
    }
}
