package org.vit4j.backend;

/**
 * Parameters and buffers where a backend computes: on the CPU the arrays of a {@link ParameterStore} themselves, on a GPU a copy
 * that training changes, while the store keeps older values until {@link #download}.
 */
public interface DeviceParameters extends AutoCloseable {
    /** The parameters on the host. */
    ParameterStore store();

    /** All trainable parameters, in the order of {@link ParameterStore#trainable}. */
    FlatArray trainable();

    /** All buffers and constants, in the order of {@link ParameterStore#buffers}. */
    FlatArray buffers();

    /** Copies the values of the store to the device. */
    default void upload() {
        trainable().setHost(store().trainable());
        buffers().setHost(store().buffers());
    }

    /** Copies the values on the device to the store. */
    void download();

    /** Frees the memory on the device, also that of arrays made by {@link FlatArray#zeros}. */
    @Override
    void close();

    /** The arrays of the store themselves: nothing is copied. */
    static DeviceParameters onHost(ParameterStore store) {
        return new HostParameters(store, FlatArray.of(store.trainable()), FlatArray.of(store.buffers()));
    }
}
