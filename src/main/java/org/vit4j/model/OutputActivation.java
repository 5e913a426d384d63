package org.vit4j.model;

/** Function from the logits [K] of an image to the probabilities of its classes. */
public enum OutputActivation {
    /** One label per image: the probabilities of all classes sum to 1. */
    SOFTMAX {
        @Override
        public double[] apply(float[] logits) {
            double largest = Double.NEGATIVE_INFINITY;
            for (float logit : logits) largest = Math.max(largest, logit);
            double[] exponentials = new double[logits.length];
            double total = 0;
            for (int i = 0; i < logits.length; i++) {
                exponentials[i] = Math.exp(logits[i] - largest);
                total += exponentials[i];
            }
            for (int i = 0; i < logits.length; i++) exponentials[i] /= total;
            return exponentials;
        }
    },

    /** Several labels per image, or none: each class has a probability of its own. */
    SIGMOID {
        @Override
        public double[] apply(float[] logits) {
            double[] probabilities = new double[logits.length];
            for (int i = 0; i < logits.length; i++) probabilities[i] = 1 / (1 + Math.exp(-logits[i]));
            return probabilities;
        }
    };

    /** Logits [K] -> probabilities [K]. */
    public abstract double[] apply(float[] logits);

    /** Mean of the probabilities over several views of one image: logits [V, K] -> [K]. */
    public double[] mean(float[][] logits) {
        if (logits.length == 1) return apply(logits[0]);
        double[] mean = new double[logits[0].length];
        for (float[] row : logits) {
            double[] probabilities = apply(row);
            for (int i = 0; i < mean.length; i++) mean[i] += probabilities[i] / logits.length;
        }
        return mean;
    }
}
