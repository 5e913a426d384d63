package org.vit4j.data.datasets;

/** Training and validation datasets with the same classes. */
public record DatasetSplits(Dataset train, Dataset validation) {
    public DatasetSplits {
        if (!train.classes().equals(validation.classes())) {
            throw new IllegalArgumentException("training and validation must have the same classes (" + train.classes()
                    + " and " + validation.classes() + ")");
        }
    }
}
