package org.vit4j.distributed;

import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;

/** All weights of a network on their way to the executors. */
public final class BroadcastWeights implements Externalizable {
    private static final long serialVersionUID = 1L;

    private float[] trained = {};
    private float[] kept = {};

    /** For the one who reads it. */
    public BroadcastWeights() {}

    BroadcastWeights(float[] trained, float[] kept) {
        this.trained = trained;
        this.kept = kept;
    }

    float[] trained() {
        return trained;
    }

    float[] kept() {
        return kept;
    }

    @Override
    public void writeExternal(ObjectOutput out) throws IOException {
        FloatCodec.write(out, trained);
        FloatCodec.write(out, kept);
    }

    @Override
    public void readExternal(ObjectInput in) throws IOException {
        trained = FloatCodec.read(in);
        kept = FloatCodec.read(in);
    }
}
