package com.example.user;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.vit4j.train.Loss;

/** A user's loss: squared error of the probabilities (Brier score), plus a penalty for large logits. */
record ConfidenceLoss(double penalty) implements Loss {
    @Override
    public SDVariable loss(SameDiff sd, SDVariable logits, SDVariable targets, int classes) {
        SDVariable exp = sd.math().exp(logits);
        SDVariable error = exp.div(exp.sum(true, 1)).sub(targets);
        return error.mul(error).sum(1).mean().add(logits.mul(logits).mean().mul(penalty));
    }
}
