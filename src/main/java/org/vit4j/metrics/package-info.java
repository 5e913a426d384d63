/**
 * Evaluation of models on labeled images: loss, accuracy, confusion matrix, scores of each class, the worst mistakes;
 * metrics of the epochs of a run, and its best epoch.
 *
 * <p>Begin with {@link org.vit4j.metrics.Evaluator}, which returns {@link org.vit4j.metrics.Scores}. {@link
 * org.vit4j.metrics.MetricsFile} reads {@code metrics.jsonl}, {@link org.vit4j.metrics.BestEpoch} has the rule for the
 * best epoch. Users implement {@link org.vit4j.metrics.Metric}.
 */
package org.vit4j.metrics;
