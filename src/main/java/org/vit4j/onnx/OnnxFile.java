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
 * Streams a model to a file with one initializer in memory at a time. The fields of a protobuf message may have any
 * order, so the initializers are appended to a graph without them.
 */
final class OnnxFile {
    /** Size limit of a protobuf message, less a margin because readers reject files close to it. */
    static final long MAX_BYTES = Integer.MAX_VALUE - (1 << 20);

    /** Smaller initializers always remain in the model; readers need the values of shapes among them. */
    private static final int MAX_INLINE_BYTES = 1024;
    /** Alignment of weights in the data file, so that readers can map them into memory. */
    private static final int PAGE = 4096;

    private final OnnxMl.ModelProto head;
    private final OnnxMl.GraphProto graph;
    private final List<Initializer> initializers;
    private final Function<String, float[]> weights;
    private final long maxBytes;

    OnnxFile(
            OnnxMl.ModelProto head,
            OnnxMl.GraphProto graph,
            List<Initializer> initializers,
            Function<String, float[]> weights,
            long maxBytes) {
        this.head = head;
        this.graph = graph;
        this.initializers = initializers;
        this.weights = weights;
        this.maxBytes = maxBytes;
    }

    /** Returns true if the model does not need a separate data file. */
    boolean fitsInOneFile() {
        long size = head.getSerializedSize() + graphSize(false);
        return size <= maxBytes;
    }

    static Path dataFile(Path file) {
        return file.resolveSibling(file.getFileName() + ".data");
    }

    void write(Path file) {
        boolean external = !fitsInOneFile();
        // Write the data first: a model without them is unusable.
        if (external) AtomicFiles.write(dataFile(file), this::writeData);
        AtomicFiles.write(file, temporary -> {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(temporary), 1 << 16)) {
                write(out, external ? dataFile(file).getFileName().toString() : "");
            }
        });
    }

    /** @param data name of the separate weight file, or empty */
    private void write(OutputStream out, String data) throws IOException {
        CodedOutputStream coded = CodedOutputStream.newInstance(out);
        head.writeTo(coded);
        coded.writeTag(OnnxMl.ModelProto.GRAPH_FIELD_NUMBER, 2);
        coded.writeUInt32NoTag((int) graphSize(!data.isEmpty(), data));
        graph.writeTo(coded);
        long at = 0;
        for (Initializer initializer : initializers) {
            boolean external = !data.isEmpty() && initializer.size() > MAX_INLINE_BYTES;
            if (external) at = aligned(at);
            TensorProto header = header(initializer, external ? data : "", at);
            coded.writeTag(OnnxMl.GraphProto.INITIALIZER_FIELD_NUMBER, 2);
            coded.writeUInt32NoTag((int) tensorSize(header, initializer, external));
            header.writeTo(coded);
            if (external) at += initializer.size();
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
                if (initializer.size() <= MAX_INLINE_BYTES) continue;
                out.write(new byte[(int) (aligned(at) - at)]);
                out.write(initializer.bytes().apply(weights));
                at = aligned(at) + initializer.size();
            }
        }
    }

    private static long aligned(long at) {
        return (at + PAGE - 1) / PAGE * PAGE;
    }

    private long graphSize(boolean external) {
        return graphSize(external, "");
    }

    private long graphSize(boolean external, String data) {
        long size = graph.getSerializedSize();
        long at = 0;
        for (Initializer initializer : initializers) {
            boolean separate = external && initializer.size() > MAX_INLINE_BYTES;
            if (separate) at = aligned(at);
            long tensor = tensorSize(header(initializer, separate ? data : "", at), initializer, separate);
            size += CodedOutputStream.computeTagSize(OnnxMl.GraphProto.INITIALIZER_FIELD_NUMBER)
                    + CodedOutputStream.computeUInt64SizeNoTag(tensor)
                    + tensor;
            if (separate) at += initializer.size();
        }
        return size;
    }

    private static long tensorSize(TensorProto header, Initializer initializer, boolean external) {
        long size = header.getSerializedSize();
        if (external) return size;
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
