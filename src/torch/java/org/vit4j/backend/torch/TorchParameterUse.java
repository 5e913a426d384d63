package org.vit4j.backend.torch;

/** Place of the parameters that a pass computes with. */
enum TorchParameterUse {
    /** The store on the host, which may change at any time: copied before each pass. */
    STORE,
    /** The store on the host, which does not change: copied once. */
    CONSTANT,
    /** Parameters on the device, which belong to the caller. */
    DEVICE;

    boolean isOwner() {
        return this != DEVICE;
    }
}
