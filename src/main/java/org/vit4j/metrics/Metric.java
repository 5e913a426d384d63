package org.vit4j.metrics;

/** Measure of the predictions on a validation set, such as the mean recall of the classes. */
public interface Metric {
    /** Key of the value in {@link EpochMetrics#metrics}. */
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

        /** Computes the metric of all batches so far. */
        double value();
    }
}
