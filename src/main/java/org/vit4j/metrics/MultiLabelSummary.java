package org.vit4j.metrics;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Results of an evaluation on images with several labels, next to its {@link Scores}.
 *
 * @param threshold probability above which a class is predicted
 * @param map mean average precision of the classes with images
 * @param mapMicro average precision of all pairs of image and class together
 * @param macro means of all classes, 0 for those that are never predicted or have no images (scikit-learn's {@code
 *     average="macro", zero_division=0})
 * @param micro scores of all pairs of image and class together
 */
public record MultiLabelSummary(
        double threshold, double map, double mapMicro, Scores.ClassScore macro, Scores.ClassScore micro) {

    /** Summarizes all images so far. */
    public static MultiLabelSummary of(MultiLabelScores scores, AveragePrecision precision) {
        return new MultiLabelSummary(
                scores.threshold(), precision.value(), precision.micro(), scores.macro(), scores.micro());
    }

    /** Values by their names in JSON and tables. */
    public Map<String, Double> values() {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("map", map);
        values.put("map_micro", mapMicro);
        values.put("precision_macro", macro.precision());
        values.put("recall_macro", macro.recall());
        values.put("f1_macro", macro.f1());
        values.put("precision_micro", micro.precision());
        values.put("recall_micro", micro.recall());
        values.put("f1_micro", micro.f1());
        return values;
    }
}
