package com.example.user;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.vit4j.metrics.Metric;

/** A user's metric: the lowest recall of a class. */
record WorstRecall(int classes) implements Metric {
    @Override
    public String name() {
        return "worst_recall";
    }

    @Override
    public MetricState start() {
        long[] correct = new long[classes];
        long[] all = new long[classes];
        return new MetricState() {
            @Override
            public void add(double[][] logits, int[] labels) {
                for (int i = 0; i < labels.length; i++) {
                    double highest = Arrays.stream(logits[i]).max().orElseThrow();
                    all[labels[i]]++;
                    if (logits[i][labels[i]] == highest) correct[labels[i]]++;
                }
            }

            @Override
            public double value() {
                return IntStream.range(0, classes)
                        .mapToDouble(k -> (double) correct[k] / all[k])
                        .min()
                        .orElseThrow();
            }
        };
    }
}
