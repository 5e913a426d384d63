package org.vit4j.metrics;

import java.util.List;
import org.vit4j.data.Batch;

/**
 * Accuracy with several correct labels per image, as ImageNet-ReaL defines it: an image counts if one of its labels is among
 * the k largest logits. Images without labels are left out. See Beyer et al., <a
 * href="https://arxiv.org/abs/2006.07159">arXiv 2006.07159</a>.
 */
public final class MultiLabelAccuracy implements Metric.MetricState {
    private final List<List<Integer>> labels;
    private long count;
    private long first;
    private long amongFive;

    /** @param labels correct classes of each image, by its index in the dataset */
    public MultiLabelAccuracy(List<List<Integer>> labels) {
        this.labels = List.copyOf(labels);
    }

    @Override
    public void add(Batch batch, double[][] logits) {
        for (int i = 0; i < logits.length; i++) add(logits[i], labels.get(batch.indices()[i]));
    }

    private void add(double[] logits, List<Integer> correct) {
        if (correct.isEmpty()) return;
        count++;
        if (correct.contains(WorstMistakes.argMax(logits))) first++;
        if (correct.stream().anyMatch(label -> Evaluator.isAmong(logits, label, 5))) amongFive++;
    }

    /** Not supported: the labels of the dataset do not say which image they belong to. */
    @Override
    public void add(double[][] logits, int[] datasetLabels) {
        throw new UnsupportedOperationException("requires the indices of the images");
    }

    /** Number of images with labels so far. */
    public long count() {
        return count;
    }

    /** Share of images whose largest logit is of a correct class. */
    public double top1() {
        return Evaluator.ratio(first, count);
    }

    /** Share of images with a correct class among the five largest logits. */
    public double top5() {
        return Evaluator.ratio(amongFive, count);
    }

    @Override
    public double value() {
        return top1();
    }
}
