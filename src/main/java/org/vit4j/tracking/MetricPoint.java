package org.vit4j.tracking;

import org.mlflow.api.proto.Service;

/**
 * Value of a metric.
 *
 * @param step epoch or optimizer step
 * @param millis since 1970
 */
public record MetricPoint(String key, double value, long step, long millis) {
    /** Returns a value of the present time. */
    public static MetricPoint now(String key, double value, long step) {
        return new MetricPoint(key, value, step, System.currentTimeMillis());
    }

    Service.Metric message() {
        return Service.Metric.newBuilder()
                .setKey(MlflowNames.key(key))
                .setValue(value)
                .setStep(step)
                .setTimestamp(millis)
                .build();
    }
}
