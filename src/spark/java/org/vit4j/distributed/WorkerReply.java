package org.vit4j.distributed;

import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import org.vit4j.train.GradientShard;

/**
 * A worker's answer on its way back, or why there is none. A mistake of the user's travels as a value: thrown, Spark would
 * try the same again, and again.
 */
public final class WorkerReply implements Externalizable {
    private static final long serialVersionUID = 1L;

    private GradientShard answer =
            new GradientShard(new float[0], new float[0], new double[0], new long[0], new int[0]);
    private String refusal = "";

    /** For the one who reads it. */
    public WorkerReply() {}

    static WorkerReply of(GradientShard answer) {
        WorkerReply parcel = new WorkerReply();
        parcel.answer = answer;
        return parcel;
    }

    static WorkerReply refused(String why) {
        WorkerReply parcel = new WorkerReply();
        parcel.refusal = why;
        return parcel;
    }

    GradientShard answer() {
        return answer;
    }

    /** Empty when there is an answer. */
    String refusal() {
        return refusal;
    }

    @Override
    public void writeExternal(ObjectOutput out) throws IOException {
        out.writeUTF(refusal);
        FloatCodec.write(out, answer.gradient());
        FloatCodec.write(out, answer.buffers());
        out.writeInt(answer.batches());
        for (int i = 0; i < answer.batches(); i++) {
            out.writeDouble(answer.losses()[i]);
            out.writeLong(answer.correct()[i]);
            out.writeInt(answer.images()[i]);
        }
    }

    @Override
    public void readExternal(ObjectInput in) throws IOException {
        refusal = in.readUTF();
        float[] gradient = FloatCodec.read(in);
        float[] kept = FloatCodec.read(in);
        int batches = in.readInt();
        answer = new GradientShard(gradient, kept, new double[batches], new long[batches], new int[batches]);
        for (int i = 0; i < batches; i++) {
            answer.losses()[i] = in.readDouble();
            answer.correct()[i] = in.readLong();
            answer.images()[i] = in.readInt();
        }
    }
}
