package org.vit4j.metrics;

import org.vit4j.data.Batch;

/** Measure of the predictions on a validation set, such as the mean recall of the classes. */
public interface Metric {
    /** Key of the value in {@link EpochMetrics#metrics}, not that of another metric. */
    String name();

    /** Begins a pass over the validation set. */
    MetricState start();

    /** Collects the predictions of one pass. */
    interface MetricState {
        /**
         * Adds a batch.
         *
         * @param logits [N, K]
         * @param labels [N], class indices
         */
        void add(double[][] logits, int[] labels);

        /**
         * Adds a batch; for metrics that need to know which images it has.
         *
         * @param logits [N, K]
         */
        default void add(Batch batch, double[][] logits) {
            add(logits, batch.labels());
        }

        /** Computes the metric of all batches so far. */
        double value();
    }
}
