package org.vit4j.golden;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Errors of a case by category, with the largest of each. */
final class GoldenErrors {
    record Distance(String name, double error) {}

    private final List<Distance> outputs = new ArrayList<>();
    private final List<Distance> gradients = new ArrayList<>();
    private final List<Distance> zeros = new ArrayList<>();
    private final List<Distance> losses = new ArrayList<>();

    void output(String name, double error) {
        outputs.add(new Distance(name, error));
    }

    void gradient(String name, double error) {
        gradients.add(new Distance(name, error));
    }

    void zero(String name, double error) {
        zeros.add(new Distance(name, error));
    }

    void loss(String name, double error) {
        losses.add(new Distance(name, error));
    }

    Distance worstOutput() {
        return worst(outputs);
    }

    /** The largest error of an output that is not an attention map. */
    Distance worstLogits() {
        return worst(outputs.stream()
                .filter(output -> !output.name().startsWith("attn"))
                .toList());
    }

    Distance worstGradient() {
        return worst(gradients);
    }

    Distance worstZero() {
        return worst(zeros);
    }

    Distance worstLoss() {
        return worst(losses);
    }

    private static Distance worst(List<Distance> errors) {
        return errors.stream().max(Comparator.comparingDouble(Distance::error)).orElse(new Distance("none", 0));
    }
}
