package org.vit4j.cli;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.vit4j.model.Prediction;

/** Prints predictions one by one; as JSON, they are the elements of one list that {@link #close} ends. */
final class PredictionPrinter implements PredictionWriter {
    private final PrintWriter out;
    private final boolean json;
    private boolean started;

    PredictionPrinter(PrintWriter out, boolean json) {
        this.out = out;
        this.json = json;
    }

    @Override
    public void write(PredictedImage image) {
        if (json) {
            out.print(started ? ", " : "[ ");
            out.print(Json.text(entry(image)));
        } else {
            out.println(image.file());
            for (Prediction p : image.labels().orElse(image.predictions())) {
                out.printf(Locale.ROOT, "  %6.2f%%  %s%n", 100 * p.probability(), p.label());
            }
            if (image.labels().filter(List::isEmpty).isPresent()) out.println("  no label");
            image.logits().ifPresent(row -> out.println("  logits " + Arrays.toString(row)));
            image.features().ifPresent(row -> out.println("  features " + Arrays.toString(row)));
        }
        out.flush();
        started = true;
    }

    private static Map<String, Object> entry(PredictedImage image) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("file", image.file());
        entry.put("predictions", image.predictions());
        image.labelNames().ifPresent(names -> entry.put("labels", names));
        image.logits().ifPresent(row -> entry.put("logits", row));
        image.features().ifPresent(row -> entry.put("features", row));
        return entry;
    }

    /** Ends the JSON list, unless no prediction was printed. */
    @Override
    public void close() {
        if (json && started) out.println(" ]");
        out.flush();
    }
}
