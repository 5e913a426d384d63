package org.vit4j.data;

/** What is learned from, and what the result is judged by; both know the same classes. */
public record DatasetSplits(Dataset train, Dataset validation) {
    public DatasetSplits {
        if (!train.classes().equals(validation.classes())) {
            throw new IllegalArgumentException("training and validation must have the same classes (" + train.classes()
                    + " and " + validation.classes() + ")");
        }
    }
}
