package org.vit4j.distributed;

import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import org.vit4j.train.Answer;

/**
 * A worker's answer on its way back, or why there is none. A mistake of the user's travels as a value: thrown, Spark would
 * try the same again, and again.
 */
public final class Parcel implements Externalizable {
    private static final long serialVersionUID = 1L;

    private Answer answer = new Answer(new float[0], new float[0], new double[0], new long[0], new int[0]);
    private String refusal = "";

    /** For the one who reads it. */
    public Parcel() {}

    static Parcel of(Answer answer) {
        Parcel parcel = new Parcel();
        parcel.answer = answer;
        return parcel;
    }

    static Parcel refused(String why) {
        Parcel parcel = new Parcel();
        parcel.refusal = why;
        return parcel;
    }

    Answer answer() {
        return answer;
    }

    /** Empty when there is an answer. */
    String refusal() {
        return refusal;
    }

    @Override
    public void writeExternal(ObjectOutput out) throws IOException {
        out.writeUTF(refusal);
        Floats.write(out, answer.gradient());
        Floats.write(out, answer.kept());
        out.writeInt(answer.batches());
        for (int i = 0; i < answer.batches(); i++) {
            out.writeDouble(answer.losses()[i]);
            out.writeLong(answer.hits()[i]);
            out.writeInt(answer.images()[i]);
        }
    }

    @Override
    public void readExternal(ObjectInput in) throws IOException {
        refusal = in.readUTF();
        float[] gradient = Floats.read(in);
        float[] kept = Floats.read(in);
        int batches = in.readInt();
        answer = new Answer(gradient, kept, new double[batches], new long[batches], new int[batches]);
        for (int i = 0; i < batches; i++) {
            answer.losses()[i] = in.readDouble();
            answer.hits()[i] = in.readLong();
            answer.images()[i] = in.readInt();
        }
    }
}
