package org.vit4j.backend;

/** Parameters that are computed with where they are stored. */
record HostParameters(ParameterStore store, FlatArray trainable, FlatArray buffers) implements DeviceParameters {
    @Override
    public void download() {}

    @Override
    public void close() {}
}
