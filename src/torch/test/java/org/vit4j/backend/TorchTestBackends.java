package org.vit4j.backend;

/** Backends of providers that configs cannot name. */
public final class TorchTestBackends {
    private TorchTestBackends() {}

    public static Backend of(BackendProvider provider) {
        return Backend.of(provider);
    }
}
