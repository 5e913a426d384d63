package org.vit4j.distributed;

import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;

/** All weights of a network on their way to the executors. */
public final class Weights implements Externalizable {
    private static final long serialVersionUID = 1L;

    private float[] trained = {};
    private float[] kept = {};

    /** For the one who reads it. */
    public Weights() {}

    Weights(float[] trained, float[] kept) {
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
        Floats.write(out, trained);
        Floats.write(out, kept);
    }

    @Override
    public void readExternal(ObjectInput in) throws IOException {
        trained = Floats.read(in);
        kept = Floats.read(in);
    }
}
