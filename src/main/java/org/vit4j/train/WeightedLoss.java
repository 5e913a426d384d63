package org.vit4j.train;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.data.MixedBatch;

/**
 * A loss with a factor per class, as PyTorch's: the cross entropy is the weighted mean over the batch, where the weight of an
 * image is that of its label ({@code cross_entropy(weight=...)}); binary cross entropy multiplies the loss of each class
 * ({@code binary_cross_entropy_with_logits(weight=...)}).
 *
 * @param weights [K]
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record WeightedLoss(LossConfig loss, double[] weights) implements Loss {

    /** For cross entropy, target probabilities times weights, so that the plain loss of them is the weighted mean. */
    @Override
    public INDArray targets(MixedBatch mixed, int classes) {
        INDArray targets = loss.targets(mixed, classes);
        if (loss.isBinary()) return targets;
        double total = totalWeight(mixed);
        double scale = total == 0 ? 0 : mixed.size() / total;
        for (int i = 0; i < mixed.size(); i++) {
            for (int k = 0; k < classes; k++) {
                targets.putScalar(i, k, targets.getDouble(i, k) * weights[k] * scale);
            }
        }
        return targets;
    }

    @Override
    public INDArray multiTargets(INDArray multiHot) {
        return loss.multiTargets(multiHot);
    }

    /** Sum of the weights of the labels; a mixed image has those of both labels, by their share. */
    private double totalWeight(MixedBatch mixed) {
        double total = 0;
        for (int i = 0; i < mixed.size(); i++) {
            double share = mixed.lambda()[i];
            total += share * weights[mixed.batch().labels()[i]] + (1 - share) * weights[mixed.partner(i)];
        }
        return total;
    }

    @Override
    public SDVariable loss(SameDiff sd, SDVariable logits, SDVariable targets, int classes) {
        if (!loss.isBinary()) return loss.loss(sd, logits, targets, classes);
        SDVariable factors = sd.constant(
                Nd4j.createFromArray(weights).reshape('c', 1, weights.length).castTo(logits.dataType()));
        return loss.reduced(
                LossFunctions.binaryCrossEntropies(sd, logits, targets).mul(factors), classes);
    }
}
