package org.vit4j.graph;

/** What a weight is for; optimizers and exporters ask, instead of guessing from names. */
public enum Role {
    /** Kernel of a dense layer or convolution: the only role that weight decay applies to. */
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
    /** Drawn or computed once and never trained: sinusoid tables, performer features. */
    CONSTANT(false, false);

    private final boolean trainable;
    private final boolean decayed;

    Role(boolean trained, boolean decayed) {
        this.trainable = trained;
        this.decayed = decayed;
    }

    /** Whether the optimizer changes it. */
    public boolean trainable() {
        return trainable;
    }

    /** Whether weight decay applies, as in timm: not to biases, norms, scales, tokens and positions. */
    public boolean decayed() {
        return decayed;
    }
}
