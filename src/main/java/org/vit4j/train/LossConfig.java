package org.vit4j.train;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.data.MixedBatch;

/**
 * {@code train.loss}: classification loss.
 *
 * @param labelSmoothing fraction of every label that is spread over all classes, before labels are mixed
 * @param bceThreshold for binary cross entropy: targets above it become 1, others 0
 * @param bceSum for binary cross entropy: sum over the classes instead of mean
 * @param classWeights factor of each class; {@link #forClasses} applies it
 */
public record LossConfig(
        LossName name,
        double labelSmoothing,
        OptionalDouble bceThreshold,
        boolean bceSum,
        Optional<ClassWeights> classWeights)
        implements Loss {
    /** Values of {@code train.loss.name}. */
    public enum LossName {
        /** Softmax cross entropy: exactly one class. */
        CROSS_ENTROPY,
        /** Binary cross entropy of each class, as in ResNet strikes back (Wightman et al. 2021) and DeiT III. */
        BCE
    }

    public LossConfig {
        Checks.rate("label_smoothing", labelSmoothing);
        bceThreshold.ifPresent(threshold -> Checks.rate("bce_threshold", threshold));
    }

    /** A loss without class weights. */
    public LossConfig(LossName name, double labelSmoothing, OptionalDouble bceThreshold, boolean bceSum) {
        this(name, labelSmoothing, bceThreshold, bceSum, Optional.empty());
    }

    /** @param multiLabel true if images have several labels */
    static Optional<LossConfig> read(Section s, boolean multiLabel) {
        LossName name = s.enumAt("name", LossName.class, multiLabel ? LossName.BCE : LossName.CROSS_ENTROPY);
        if (multiLabel && name != LossName.BCE)
            s.reject("name", "must be bce for images with several labels (data.labels)");
        double smoothing = s.doubleUnlessOff("label_smoothing", 0);
        boolean bce = name == LossName.BCE;
        for (String key : new String[] {"bce_threshold", "bce_sum"}) {
            if (!bce && s.has(key)) s.reject(key, "only allowed with name: bce");
        }
        OptionalDouble threshold = bce ? s.optionalDouble("bce_threshold") : OptionalDouble.empty();
        boolean sum = bce && s.boolAt("bce_sum", false);
        Optional<ClassWeights> weights = ClassWeights.read(s);
        return s.build(() -> new LossConfig(name, smoothing, threshold, sum, weights));
    }

    static LossConfig crossEntropy(double labelSmoothing) {
        return new LossConfig(LossName.CROSS_ENTROPY, labelSmoothing, OptionalDouble.empty(), false);
    }

    /**
     * This loss with its class weights.
     *
     * @param counts number of training images of each class, if known
     * @throws org.vit4j.config.ConfigError if the weights do not fit the classes
     */
    Loss forClasses(List<String> classes, Optional<long[]> counts) {
        if (classWeights.isEmpty()) return this;
        LossConfig plain = new LossConfig(name, labelSmoothing, bceThreshold, bceSum);
        return new WeightedLoss(plain, classWeights.get().of(classes, counts));
    }

    boolean isBinary() {
        return name == LossName.BCE;
    }

    /** Mean of the binary cross entropies, [B, K]; with {@code bceSum} K times as large. */
    SDVariable reduced(SDVariable entropies, int classes) {
        return entropies.mean().mul(bceSum ? classes : 1);
    }

    @Override
    public INDArray targets(MixedBatch mixed, int classes) {
        INDArray targets = SoftTargets.mixed(mixed, classes, labelSmoothing);
        if (bceThreshold.isPresent()) SoftTargets.harden(targets, bceThreshold.getAsDouble());
        return targets;
    }

    /** Label smoothing moves targets toward 0.5, as in Keras. */
    @Override
    public INDArray multiTargets(INDArray multiHot) {
        if (labelSmoothing > 0) multiHot.muli(1 - labelSmoothing).addi(labelSmoothing / 2);
        if (bceThreshold.isPresent()) SoftTargets.harden(multiHot, bceThreshold.getAsDouble());
        return multiHot;
    }

    @Override
    public SDVariable loss(SameDiff sd, SDVariable logits, SDVariable targets, int classes) {
        return switch (name) {
            case CROSS_ENTROPY -> LossFunctions.crossEntropy(sd, logits, targets);
            case BCE -> reduced(LossFunctions.binaryCrossEntropies(sd, logits, targets), classes);
        };
    }
}
