package org.vit4j.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;

/** Chart of the loss by optimizer step, from the TensorBoard event files of a run ({@code output.log_steps}). */
final class StepCurves {
    /** More points are averaged in groups of equal size. */
    private static final int MAX_POINTS = 400;

    private StepCurves() {}

    /** Returns the chart; empty if the run recorded fewer than two steps. */
    static String html(Path run) {
        Map<Long, Double> losses = new TreeMap<>();
        for (Path file : eventFiles(run)) {
            EventFile.read(file).stream()
                    .filter(scalar -> scalar.tag().equals("step/loss"))
                    .forEach(scalar -> losses.put(scalar.step(), (double) scalar.value()));
        }
        if (losses.size() < 2) return "";
        List<Chart.ChartPoint> points = thinned(losses);
        Chart chart = Chart.of("Training loss by step", "step", List.of(new Chart.ChartSeries("loss", points)));
        return "<div class=\"charts single\"><figure>"
                + chart.logarithmicIfWide().svg() + "</figure></div>\n";
    }

    private static List<Path> eventFiles(Path run) {
        try (Stream<Path> files = Files.list(run)) {
            return files.filter(file -> file.getFileName().toString().startsWith("events.out.tfevents"))
                    .sorted(Comparator.naturalOrder())
                    .toList();
        } catch (IOException e) {
            throw new ConfigError(run + ": cannot be listed: " + AtomicFiles.reason(e), e);
        }
    }

    private static List<Chart.ChartPoint> thinned(Map<Long, Double> losses) {
        List<Map.Entry<Long, Double>> all = List.copyOf(losses.entrySet());
        int size = (all.size() + MAX_POINTS - 1) / MAX_POINTS;
        List<Chart.ChartPoint> points = new ArrayList<>();
        for (int from = 0; from < all.size(); from += size) {
            List<Map.Entry<Long, Double>> group = all.subList(from, Math.min(all.size(), from + size));
            double mean =
                    group.stream().mapToDouble(Map.Entry::getValue).average().orElseThrow();
            points.add(new Chart.ChartPoint(group.get(group.size() - 1).getKey(), mean));
        }
        return points;
    }
}
