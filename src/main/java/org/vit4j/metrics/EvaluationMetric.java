package org.vit4j.metrics;

import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.nd4j.evaluation.IEvaluation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * An evaluation of ND4J as a metric. It gets one-hot labels and probabilities, [N, K] each.
 *
 * <pre>{@code
 * Metric f1 = new EvaluationMetric<>("f1", Evaluation::new, Evaluation::f1);
 * }</pre>
 *
 * @param evaluation makes an evaluation without results
 * @param result value of the metric
 */
public record EvaluationMetric<T extends IEvaluation<?>>(
        String name, Supplier<T> evaluation, ToDoubleFunction<T> result) implements Metric {
    @Override
    public MetricState start() {
        T current = evaluation.get();
        return new MetricState() {
            @Override
            public void add(double[][] logits, int[] labels) {
                INDArray rows = Nd4j.createFromArray(logits);
                INDArray targets = Nd4j.zeros(DataType.DOUBLE, rows.shape());
                for (int i = 0; i < labels.length; i++) targets.putScalar(i, labels[i], 1);
                current.eval(targets, Transforms.softmax(rows, true));
            }

            @Override
            public double value() {
                return result.applyAsDouble(current);
            }
        };
    }
}
