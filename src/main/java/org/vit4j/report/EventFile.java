package org.vit4j.report;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.RunException;

/**
 * TensorBoard event file ({@code events.out.tfevents...}) with scalars. Records are TFRecords (length and data, each
 * with its masked CRC32C) that contain an {@code Event} of TensorFlow's {@code event.proto}. Only the required fields
 * are encoded, so no protobuf library is needed.
 */
public final class EventFile implements AutoCloseable {
    private static final String NAME = "events.out.tfevents.";
    /** Suffix of vit4j's event files; files of other programs are never changed. */
    private static final String SUFFIX = ".vit4j";

    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;
    /** Maximum record length that vit4j writes; a longer one is corrupt. */
    private static final int MAX_RECORD = 1 << 20;

    private final FileChannel channel;
    private final Path file;

    private EventFile(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Scalar value.
     *
     * @param wallTime seconds since 1970
     */
    public record EventScalar(String tag, long step, float value, double wallTime) {}

    /**
     * Opens the event file of a directory for appending. Scalars of earlier event files that {@code keep} accepts are
     * copied to the new file, which replaces the earlier ones. A resumed run thereby drops the steps after its
     * checkpoint, which would otherwise be recorded twice.
     *
     * @param keep selects earlier scalars
     * @param seconds since 1970, part of the file name; TensorBoard reads files in the order of their names
     */
    public static EventFile open(Path directory, Predicate<EventScalar> keep, long seconds) {
        List<Path> previous = files(directory);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(record(version((double) seconds)));
        Set<List<Object>> copied = new HashSet<>(); // files are copies of one another after a kill within this method
        for (Path file : previous) {
            read(file).stream()
                    .filter(keep)
                    .filter(scalar -> copied.add(List.of(scalar.tag(), scalar.step())))
                    .forEach(scalar -> bytes.writeBytes(record(event(List.of(scalar)))));
        }
        Path file = directory.resolve(NAME + String.format(Locale.ROOT, "%010d", seconds) + SUFFIX);
        AtomicFiles.write(file, temporary -> Files.write(temporary, bytes.toByteArray()));
        try {
            for (Path old : previous) if (!old.equals(file)) Files.delete(old);
            return new EventFile(file, FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND));
        } catch (IOException e) {
            throw new RunException(file + ": cannot be written: " + AtomicFiles.reason(e), e);
        }
    }

    /** Returns the event files of vit4j in a directory, oldest first. */
    public static List<Path> files(Path directory) {
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(file -> file.getFileName().toString().matches(NAME + "\\d+" + SUFFIX))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new RunException(directory + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
    }

    public Path file() {
        return file;
    }

    /** Writes scalars of the same step and time without buffering in this process. */
    public void add(List<EventScalar> scalars) {
        ByteBuffer record = ByteBuffer.wrap(record(event(scalars)));
        try {
            while (record.hasRemaining()) channel.write(record);
        } catch (IOException e) {
            throw new RunException(file + ": cannot be written: " + AtomicFiles.reason(e), e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new RunException(file + ": cannot be written: " + AtomicFiles.reason(e), e);
        }
    }

    /** Reads all scalars of a file that {@link #add} wrote, up to the end or the first corrupt record. */
    public static List<EventScalar> read(Path file) {
        List<EventScalar> scalars = new ArrayList<>();
        try {
            ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
            while (true) {
                byte[] data = nextRecord(all);
                if (data.length == 0) return scalars;
                scalars.addAll(scalars(data));
            }
        } catch (IOException e) {
            throw new RunException(file + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
    }

    /** Encodes a TFRecord: uint64 length, its checksum, the data, its checksum; little-endian. */
    private static byte[] record(byte[] data) {
        ByteBuffer out = ByteBuffer.allocate(data.length + 16).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(data.length).putInt(maskedCrc(out.array(), 0, 8));
        out.put(data).putInt(maskedCrc(data, 0, data.length));
        return out.array();
    }

    /** Returns the data of the next record; empty at the end of the file or if the record is incomplete or corrupt. */
    private static byte[] nextRecord(ByteBuffer all) {
        byte[] none = {};
        if (all.remaining() < 16) return none;
        byte[] head = new byte[8];
        all.get(head);
        if (all.getInt() != maskedCrc(head, 0, head.length)) return none;
        long length = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (length < 1 || length > MAX_RECORD || all.remaining() < length + 4) return none;
        byte[] data = new byte[(int) length];
        all.get(data);
        return all.getInt() == maskedCrc(data, 0, data.length) ? data : none;
    }

    /** TFRecord's masked CRC32C: rotated right by 15 bits plus a constant. */
    private static int maskedCrc(byte[] data, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(data, from, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }

    /** Encodes the first event of every file. */
    private static byte[] version(double wallTime) {
        ProtoMessage event = new ProtoMessage();
        event.fixed64(1, wallTime);
        event.bytes(3, "brain.Event:2".getBytes(StandardCharsets.UTF_8));
        return event.array();
    }

    private static byte[] event(List<EventScalar> scalars) {
        ProtoMessage summary = new ProtoMessage();
        for (EventScalar scalar : scalars) {
            ProtoMessage value = new ProtoMessage();
            value.bytes(1, scalar.tag.getBytes(StandardCharsets.UTF_8));
            value.fixed32(2, scalar.value);
            summary.bytes(1, value.array());
        }
        ProtoMessage event = new ProtoMessage();
        event.fixed64(1, scalars.get(0).wallTime);
        event.varint(2, scalars.get(0).step);
        event.bytes(5, summary.array());
        return event.array();
    }

    /** Encoder of a protobuf message. */
    private static final class ProtoMessage {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        void varint(int field, long value) {
            raw((long) field << 3 | VARINT);
            raw(value);
        }

        void fixed64(int field, double value) {
            raw((long) field << 3 | FIXED64);
            ByteBuffer eight = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            out.writeBytes(eight.putDouble(value).array());
        }

        void fixed32(int field, float value) {
            raw((long) field << 3 | FIXED32);
            ByteBuffer four = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
            out.writeBytes(four.putFloat(value).array());
        }

        void bytes(int field, byte[] value) {
            raw((long) field << 3 | BYTES);
            raw(value.length);
            out.writeBytes(value);
        }

        /** Writes a varint: seven bits per byte, lowest first; the eighth bit marks that more bytes follow. */
        private void raw(long value) {
            long rest = value;
            for (; (rest & ~0x7FL) != 0; rest >>>= 7) out.write((int) ((rest & 0x7F) | 0x80));
            out.write((int) rest);
        }

        byte[] array() {
            return out.toByteArray();
        }
    }

    private static List<EventScalar> scalars(byte[] event) {
        double wallTime = 0;
        long step = 0;
        List<EventScalar> scalars = new ArrayList<>();
        ByteBuffer in = ByteBuffer.wrap(event).order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            switch ((int) varint(in)) {
                case 1 << 3 | FIXED64 -> wallTime = in.getDouble();
                case 2 << 3 | VARINT -> step = varint(in);
                case 5 << 3 | BYTES -> scalars.addAll(values(slice(in), step, wallTime));
                case 3 << 3 | BYTES -> slice(in);
                default -> {
                    return scalars; // not written by vit4j
                }
            }
        }
        return scalars;
    }

    private static List<EventScalar> values(ByteBuffer summary, long step, double wallTime) {
        List<EventScalar> values = new ArrayList<>();
        while (summary.hasRemaining()) {
            varint(summary);
            ByteBuffer value = slice(summary);
            varint(value);
            ByteBuffer tag = slice(value);
            varint(value);
            values.add(
                    new EventScalar(StandardCharsets.UTF_8.decode(tag).toString(), step, value.getFloat(), wallTime));
        }
        return values;
    }

    private static ByteBuffer slice(ByteBuffer in) {
        int length = (int) varint(in);
        ByteBuffer part = in.slice(in.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        in.position(in.position() + length);
        return part;
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte next = in.get();
            value |= (long) (next & 0x7F) << shift;
            if (next >= 0) return value;
        }
        return value;
    }
}
