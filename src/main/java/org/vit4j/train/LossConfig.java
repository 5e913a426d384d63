package org.vit4j.train;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.config.Section;
import org.vit4j.data.MixedBatch;

/**
 * {@code train.loss}: how far the network is from the labels.
 *
 * @param labelSmoothing share of every label that is spread over all classes, before labels are mixed
 * @param bceThreshold of binary cross entropy: targets above it count as 1, the others as 0
 * @param bceSum of binary cross entropy: summed over the classes instead of averaged
 */
public record LossConfig(LossName name, double labelSmoothing, OptionalDouble bceThreshold, boolean bceSum) {
    /** The words of {@code train.loss.name}. */
    public enum LossName {
        /** Which class it is: one of them. */
        CROSS_ENTROPY,
        /** Of each class, whether it is that: as in ResNet strikes back (Wightman et al. 2021) and DeiT III. */
        BCE
    }

    public LossConfig {
        check(
                labelSmoothing >= 0 && labelSmoothing < 1,
                "label_smoothing (%s) must be at least 0 and below 1",
                labelSmoothing);
        double threshold = bceThreshold.orElse(0);
        check(threshold >= 0 && threshold < 1, "bce_threshold (%s) must be at least 0 and below 1", threshold);
    }

    static Optional<LossConfig> read(Section s) {
        LossName name = s.enumAt("name", LossName.class, LossName.CROSS_ENTROPY);
        double smoothing = s.doubleUnlessOff("label_smoothing", 0);
        boolean bce = name == LossName.BCE;
        for (String key : new String[] {"bce_threshold", "bce_sum"}) {
            if (!bce && s.has(key)) s.reject(key, "is for name: bce only");
        }
        OptionalDouble threshold = bce ? s.optionalDouble("bce_threshold") : OptionalDouble.empty();
        boolean sum = bce && s.boolAt("bce_sum", false);
        return s.build(() -> new LossConfig(name, smoothing, threshold, sum));
    }

    /** What a batch should be told, [B, K]. */
    INDArray targets(MixedBatch mixed, int classes) {
        INDArray targets = SoftTargets.mixed(mixed, classes, labelSmoothing);
        if (bceThreshold.isPresent()) SoftTargets.harden(targets, bceThreshold.getAsDouble());
        return targets;
    }

    /** The scalar; logits and targets are [B, K]. */
    SDVariable of(SameDiff sd, SDVariable logits, SDVariable targets, int classes) {
        return switch (name) {
            case CROSS_ENTROPY -> LossFunctions.crossEntropy(sd, logits, targets);
            case BCE -> LossFunctions.binaryCrossEntropy(sd, logits, targets).mul(bceSum ? classes : 1);
        };
    }

    private static void check(boolean holds, String rule, double value) {
        if (!holds) throw new IllegalArgumentException(String.format(Locale.ROOT, rule, value));
    }
}
