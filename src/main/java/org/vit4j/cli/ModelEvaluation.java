package org.vit4j.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vit4j.data.Preprocessing;
import org.vit4j.metrics.Calibration;
import org.vit4j.metrics.MultiLabelAccuracy;
import org.vit4j.metrics.MultiLabelSummary;
import org.vit4j.metrics.Scores;

/**
 * Results of {@code eval} for one model.
 *
 * @param model file, as given
 * @param parameters number of parameter elements
 * @param calibration empty for several labels per image
 * @param real accuracy with the labels of {@code --real-labels}
 * @param multiLabel averages for several labels per image
 * @param unreadable number of images that are not in these results
 */
record ModelEvaluation(
        String model,
        List<String> classes,
        Preprocessing preprocessing,
        long parameters,
        Scores scores,
        Optional<Calibration> calibration,
        Optional<MultiLabelAccuracy> real,
        Optional<MultiLabelSummary> multiLabel,
        int unreadable) {

    /** Accuracy with the real labels if there are any, as timm reports it. */
    double top1() {
        return real.map(MultiLabelAccuracy::top1).orElse(scores.top1());
    }

    /** Value that orders models: mean average precision with several labels per image, otherwise top-1. */
    double best() {
        return multiLabel.map(MultiLabelSummary::map).orElseGet(this::top1);
    }

    double top5() {
        return real.map(MultiLabelAccuracy::top5).orElse(scores.top5());
    }

    Map<String, Object> jsonFields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("loss", scores.loss());
        fields.put("top1", scores.top1());
        fields.put("top5", scores.top5());
        fields.put("count", scores.count());
        fields.put("unreadable", unreadable);
        real.ifPresent(accuracy -> {
            fields.put("real_top1", accuracy.top1());
            fields.put("real_top5", accuracy.top5());
            fields.put("real_count", accuracy.count());
        });
        multiLabel.ifPresent(summary -> {
            fields.put("threshold", summary.threshold());
            fields.putAll(summary.values());
        });
        calibration.ifPresent(measured -> {
            fields.put("ece", measured.value());
            fields.put("calibration", measured.bins());
        });
        if (multiLabel.isEmpty()) {
            for (Scores.ClassScore mean : List.of(scores.macro(), scores.weighted())) {
                fields.put("precision_" + mean.name(), mean.precision());
                fields.put("recall_" + mean.name(), mean.recall());
                fields.put("f1_" + mean.name(), mean.f1());
            }
        }
        fields.put("per_class", scores.classes());
        fields.put("labels", classes);
        if (multiLabel.isEmpty()) fields.put("confusion", scores.confusion());
        return fields;
    }
}
