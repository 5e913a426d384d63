package org.vit4j.distributed;

import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;

/** Broadcast of all parameters of a network. */
public final class BroadcastWeights implements Externalizable {
    private static final long serialVersionUID = 1L;

    private float[] trainable = {};
    private float[] buffers = {};

    /** For deserialization. */
    public BroadcastWeights() {}

    BroadcastWeights(float[] trainable, float[] buffers) {
        this.trainable = trainable;
        this.buffers = buffers;
    }

    float[] trainable() {
        return trainable;
    }

    float[] buffers() {
        return buffers;
    }

    @Override
    public void writeExternal(ObjectOutput out) throws IOException {
        FloatCodec.write(out, trainable);
        FloatCodec.write(out, buffers);
    }

    @Override
    public void readExternal(ObjectInput in) throws IOException {
        trainable = FloatCodec.read(in);
        buffers = FloatCodec.read(in);
    }
}
