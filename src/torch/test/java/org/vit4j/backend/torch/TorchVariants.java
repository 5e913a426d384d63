package org.vit4j.backend.torch;

import org.vit4j.backend.Backend;
import org.vit4j.backend.TorchTestBackends;

/** Variants of the libtorch backend that configs cannot select. */
public final class TorchVariants {
    private TorchVariants() {}

    /** Attention of three operations everywhere. */
    public static Backend withoutFusion() {
        return TorchTestBackends.of(new TorchBackend(TorchDevice.CPU, false));
    }

    /** A device with memory of its own, by copies on the CPU: what a GPU does, but for its kernels. */
    static Backend copying() {
        return TorchTestBackends.of(new TorchBackend(new TorchDevice("cpu", false), true));
    }
}
