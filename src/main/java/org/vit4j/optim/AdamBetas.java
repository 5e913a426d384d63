package org.vit4j.optim;

import java.util.List;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/** Decay rates of the first and second moment. */
record AdamBetas(double first, double second) {
    AdamBetas {
        Checks.rate("betas[0]", first);
        Checks.rate("betas[1]", second);
    }

    static List<Double> read(Section s, double first, double second) {
        List<Double> betas = s.doublesAt("betas", List.of(first, second));
        if (betas.size() == 2) return betas;
        s.reject("betas", "expected two numbers, got " + betas.size());
        return List.of(first, second);
    }
}
