/**
 * Evaluation of models on labeled images: loss, accuracy, confusion matrix, scores of each class and the worst
 * mistakes.
 *
 * <p>Begin with {@link org.vit4j.metrics.Evaluator}, which returns {@link org.vit4j.metrics.Scores}.
 */
package org.vit4j.metrics;
