package org.vit4j.metrics;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Names of scalars in TensorBoard and MLflow. Both group them by the text before the slash: {@code train/loss}, {@code
 * val/top1}, {@code epoch/lr} per epoch, {@code step/loss} per optimizer step.
 */
public final class ScalarTags {
    /** Prefix of scalars per optimizer step; all others are per epoch. */
    public static final String STEP = "step/";

    private ScalarTags() {}

    /** Returns the values of an epoch by tag, without those that are missing. */
    public static Map<String, Double> of(EpochMetrics epoch) {
        Map<String, Double> scalars = new LinkedHashMap<>();
        MetricsFile.values(epoch).forEach((key, value) -> {
            if (key.equals("epoch") || key.equals("step") || !(value instanceof Number number)) return;
            scalars.put(tag(key), number.doubleValue());
        });
        return scalars;
    }

    /** Returns the values of the best epoch so far by tag: those of the better of weights and moving average. */
    public static Map<String, Double> best(int epoch, double loss, double top1) {
        return Map.of("best/epoch", (double) epoch, "best/loss", loss, "best/top1", top1);
    }

    /** Returns the tag of a key of {@code metrics.jsonl}: {@code val_loss -> val/loss}. */
    private static String tag(String key) {
        int group = key.startsWith("train_") || key.startsWith("val_") ? key.lastIndexOf('_') : -1;
        return group < 0 ? "epoch/" + key : key.substring(0, group) + "/" + key.substring(group + 1);
    }
}
