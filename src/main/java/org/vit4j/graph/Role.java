package org.vit4j.graph;

/** Purpose of a parameter. Optimizers and exporters use it instead of name patterns. */
public enum Role {
    /** Kernel of a dense layer or convolution; the only role with weight decay. */
    KERNEL(true, true),
    BIAS(true, false),
    /** Scale and shift of a normalization. */
    NORM(true, false),
    /** Class, distillation and register tokens. */
    TOKEN(true, false),
    /** Position embeddings and attention bias tables. */
    POSITION(true, false),
    /** Per-channel scale of a residual branch. */
    LAYER_SCALE(true, false),
    /** Running mean and variance of a batch normalization: updated by the forward pass, not by the optimizer. */
    RUNNING_STAT(false, false),
    /** Constant drawn or computed once: sinusoid tables, performer features. */
    CONSTANT(false, false);

    private final boolean trainable;
    private final boolean decayed;

    Role(boolean trainable, boolean decayed) {
        this.trainable = trainable;
        this.decayed = decayed;
    }

    /** Returns true if the optimizer updates it. */
    public boolean trainable() {
        return trainable;
    }

    /** Returns true if weight decay applies. As in timm, biases, norms, scales, tokens and positions have none. */
    public boolean decayed() {
        return decayed;
    }
}
