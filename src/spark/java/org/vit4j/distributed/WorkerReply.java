package org.vit4j.distributed;

import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import org.vit4j.train.GradientShard;

/**
 * Serializable reply of a worker: a gradient shard or an error. User errors are returned as values, because Spark
 * retries a task that throws.
 */
public final class WorkerReply implements Externalizable {
    private static final long serialVersionUID = 1L;

    private GradientShard shard = new GradientShard(new float[0], new float[0], new double[0], new long[0], new int[0]);
    private String error = "";

    /** For deserialization. */
    public WorkerReply() {}

    static WorkerReply of(GradientShard shard) {
        WorkerReply reply = new WorkerReply();
        reply.shard = shard;
        return reply;
    }

    static WorkerReply failed(String error) {
        WorkerReply reply = new WorkerReply();
        reply.error = error;
        return reply;
    }

    GradientShard shard() {
        return shard;
    }

    /** Error message; empty if there is a shard. */
    String error() {
        return error;
    }

    @Override
    public void writeExternal(ObjectOutput out) throws IOException {
        out.writeUTF(error);
        FloatCodec.write(out, shard.gradient());
        FloatCodec.write(out, shard.buffers());
        out.writeInt(shard.batches());
        for (int i = 0; i < shard.batches(); i++) {
            out.writeDouble(shard.losses()[i]);
            out.writeLong(shard.correct()[i]);
            out.writeInt(shard.images()[i]);
        }
    }

    @Override
    public void readExternal(ObjectInput in) throws IOException {
        error = in.readUTF();
        float[] gradient = FloatCodec.read(in);
        float[] buffers = FloatCodec.read(in);
        int batches = in.readInt();
        shard = new GradientShard(gradient, buffers, new double[batches], new long[batches], new int[batches]);
        for (int i = 0; i < batches; i++) {
            shard.losses()[i] = in.readDouble();
            shard.correct()[i] = in.readLong();
            shard.images()[i] = in.readInt();
        }
    }
}
