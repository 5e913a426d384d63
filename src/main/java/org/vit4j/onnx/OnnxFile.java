package org.vit4j.onnx;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import onnx.OnnxMl;
import onnx.OnnxMl.StringStringEntryProto;
import onnx.OnnxMl.TensorProto;
import org.nd4j.shade.protobuf.CodedOutputStream;
import org.vit4j.io.AtomicFiles;

/**
 * The bytes of a model, a weight at a time: the parts of a protobuf message may stand in any order, so the initializers
 * are appended to a graph without them, and no more than one of them is in memory.
 */
final class OnnxFile {
    /** A protobuf message cannot be longer, and readers refuse what is close to it. */
    static final long LARGEST = Integer.MAX_VALUE - (1 << 20);

    /** Smaller ones stay in the model in any case, shapes among them, which readers want to see. */
    private static final int SMALL = 1024;
    /** Where a weight may begin in a file of its own, so that readers can map it into memory. */
    private static final int PAGE = 4096;

    private final OnnxMl.ModelProto head;
    private final OnnxMl.GraphProto graph;
    private final List<Initializer> initializers;
    private final Function<String, float[]> weights;
    private final long largest;

    OnnxFile(
            OnnxMl.ModelProto head,
            OnnxMl.GraphProto graph,
            List<Initializer> initializers,
            Function<String, float[]> weights,
            long largest) {
        this.head = head;
        this.graph = graph;
        this.initializers = initializers;
        this.weights = weights;
        this.largest = largest;
    }

    /** Whether everything goes into one file. */
    boolean fits() {
        long size = head.getSerializedSize() + graphSize(false);
        return size <= largest;
    }

    static Path data(Path file) {
        return file.resolveSibling(file.getFileName() + ".data");
    }

    void write(Path file) {
        boolean outside = !fits();
        // The data first: a model without them is of no use.
        if (outside) AtomicFiles.write(data(file), this::writeData);
        AtomicFiles.write(file, temporary -> {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(temporary), 1 << 16)) {
                write(out, outside ? data(file).getFileName().toString() : "");
            }
        });
    }

    /** @param data name of the file that holds large weights; empty when the model holds them all */
    private void write(OutputStream out, String data) throws IOException {
        CodedOutputStream coded = CodedOutputStream.newInstance(out);
        head.writeTo(coded);
        coded.writeTag(OnnxMl.ModelProto.GRAPH_FIELD_NUMBER, 2);
        coded.writeUInt32NoTag((int) graphSize(!data.isEmpty(), data));
        graph.writeTo(coded);
        long at = 0;
        for (Initializer initializer : initializers) {
            boolean outside = !data.isEmpty() && initializer.size() > SMALL;
            if (outside) at = aligned(at);
            TensorProto header = header(initializer, outside ? data : "", at);
            coded.writeTag(OnnxMl.GraphProto.INITIALIZER_FIELD_NUMBER, 2);
            coded.writeUInt32NoTag((int) tensorSize(header, initializer, outside));
            header.writeTo(coded);
            if (outside) at += initializer.size();
            else
                coded.writeByteArray(
                        TensorProto.RAW_DATA_FIELD_NUMBER, initializer.bytes().apply(weights));
        }
        coded.flush();
    }

    private void writeData(Path file) throws IOException {
        long at = 0;
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
            for (Initializer initializer : initializers) {
                if (initializer.size() <= SMALL) continue;
                out.write(new byte[(int) (aligned(at) - at)]);
                out.write(initializer.bytes().apply(weights));
                at = aligned(at) + initializer.size();
            }
        }
    }

    private static long aligned(long at) {
        return (at + PAGE - 1) / PAGE * PAGE;
    }

    private long graphSize(boolean outside) {
        return graphSize(outside, "");
    }

    private long graphSize(boolean outside, String data) {
        long size = graph.getSerializedSize();
        long at = 0;
        for (Initializer initializer : initializers) {
            boolean beside = outside && initializer.size() > SMALL;
            if (beside) at = aligned(at);
            long tensor = tensorSize(header(initializer, beside ? data : "", at), initializer, beside);
            size += CodedOutputStream.computeTagSize(OnnxMl.GraphProto.INITIALIZER_FIELD_NUMBER)
                    + CodedOutputStream.computeUInt64SizeNoTag(tensor)
                    + tensor;
            if (beside) at += initializer.size();
        }
        return size;
    }

    private static long tensorSize(TensorProto header, Initializer initializer, boolean outside) {
        long size = header.getSerializedSize();
        if (outside) return size;
        return size
                + CodedOutputStream.computeTagSize(TensorProto.RAW_DATA_FIELD_NUMBER)
                + CodedOutputStream.computeUInt64SizeNoTag(initializer.size())
                + initializer.size();
    }

    private static TensorProto header(Initializer initializer, String data, long at) {
        TensorProto.Builder header = TensorProto.newBuilder()
                .setName(initializer.name())
                .setDataType(initializer.type().getNumber())
                .addAllDims(initializer.dims());
        if (!data.isEmpty()) {
            header.setDataLocation(TensorProto.DataLocation.EXTERNAL);
            header.addExternalData(entry("location", data));
            header.addExternalData(entry("offset", String.valueOf(at)));
            header.addExternalData(entry("length", String.valueOf(initializer.size())));
        }
        return header.build();
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }
}
