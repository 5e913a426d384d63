package org.vit4j.graph;

/** Activation functions. */
public enum Activation {
    /** {@code x/2 (1 + erf(x / sqrt 2))}: PyTorch's {@code nn.GELU}, Keras' {@code gelu} (not the tanh form). */
    GELU,
    /** {@code x sigmoid(1.702 x)}: Microsoft's CvT. */
    QUICK_GELU,
    RELU,
    /** {@code x sigmoid(x)}, also called swish. */
    SILU,
    /** {@code x relu6(x + 3) / 6}: LeViT. */
    HARD_SWISH
}
