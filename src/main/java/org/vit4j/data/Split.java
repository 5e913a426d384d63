package org.vit4j.data;

/** What is learned from, and what the result is judged by; both know the same classes. */
public record Split(Dataset train, Dataset validation) {
    public Split {
        if (!train.classes().equals(validation.classes())) {
            throw new IllegalArgumentException("training and validation must have the same classes (" + train.classes()
                    + " and " + validation.classes() + ")");
        }
    }
}
