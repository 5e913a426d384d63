package org.vit4j.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.report.EventFile.EventScalar;

/** Tests TensorBoard event files against bytes written by TensorBoard. */
class EventFileTest {
    /** Written by RecordWriter and the Event messages of TensorBoard 2.21 from the same three events. */
    private static final String GOLDEN =
            "1800000000000000a37f4b220900000040fc54d9411a0d627261696e2e4576656e743a32eced8f9d1f00000000000000"
                    + "514b44180900006040fc54d94110ac022a110a0f0a0876616c2f6c6f737315cdcccc3d6f2ad84233000000000000000c"
                    + "a720560900008040fc54d9411080808080202a220a100a09737465702f6c6f7373150000c07f0a0e0a07737465702f6c"
                    + "7215000020c03eef4f2a";

    @TempDir
    Path directory;

    @Test
    void bytesEqualThoseOfTensorBoard() throws IOException {
        try (EventFile events = EventFile.open(directory, scalar -> true, 1700000000)) {
            events.add(List.of(new EventScalar("val/loss", 300, 0.1f, 1700000001.5)));
            events.add(List.of(
                    new EventScalar("step/loss", 1L << 33, Float.NaN, 1700000002),
                    new EventScalar("step/lr", 1L << 33, -2.5f, 1700000002)));
            assertThat(HexFormat.of().formatHex(Files.readAllBytes(events.file())))
                    .isEqualTo(GOLDEN);
        }
    }

    private static List<EventScalar> scalars(long... steps) {
        return Arrays.stream(steps)
                .mapToObj(step -> new EventScalar("loss", step, step / 2f, 1000 + step))
                .toList();
    }

    private void write(long seconds, long... steps) {
        try (EventFile events = EventFile.open(directory, scalar -> true, seconds)) {
            for (EventScalar scalar : scalars(steps)) events.add(List.of(scalar));
        }
    }

    private List<EventScalar> read() {
        assertThat(EventFile.files(directory)).hasSize(1);
        return EventFile.read(EventFile.files(directory).get(0));
    }

    @Test
    void scalarsAreReadAsWritten() {
        write(5, 1, 127, 128, 70000);
        assertThat(read()).isEqualTo(scalars(1, 127, 128, 70000));
    }

    @Test
    void openDropsRejectedScalarsAndKeepsTheOthers() {
        write(5, 1, 2, 3, 4);
        try (EventFile events = EventFile.open(directory, scalar -> scalar.step() <= 2, 6)) {
            scalars(3, 4, 5).forEach(scalar -> events.add(List.of(scalar)));
        }
        assertThat(read()).isEqualTo(scalars(1, 2, 3, 4, 5));
    }

    /** The state after a kill before the earlier file is deleted. */
    @Test
    void copiesOfTheSameScalarsAreReadOnce() throws IOException {
        write(5, 1, 2, 3);
        Path first = EventFile.files(directory).get(0);
        Files.copy(first, directory.resolve(first.getFileName().toString().replace("0000000005", "0000000006")));
        assertThat(EventFile.files(directory)).hasSize(2);
        EventFile.open(directory, scalar -> true, 7).close();
        assertThat(read()).isEqualTo(scalars(1, 2, 3));
    }

    @Test
    void incompleteLastRecordIsIgnored() throws IOException {
        write(5, 1, 2);
        Path file = EventFile.files(directory).get(0);
        byte[] all = Files.readAllBytes(file);
        int[] cuts = {1, 4, 5, 17, 20};
        for (int cut : cuts) {
            Files.write(file, Arrays.copyOf(all, all.length - cut));
            assertThat(EventFile.read(file)).isEqualTo(scalars(1));
        }
        Files.write(file, all);
        Files.write(file, new byte[40], StandardOpenOption.APPEND); // as after a lost write
        assertThat(EventFile.read(file)).isEqualTo(scalars(1, 2));
        write(7, 3);
        assertThat(read()).isEqualTo(scalars(1, 2, 3));
    }

    @Test
    void readingEndsAtACorruptRecord() throws IOException {
        write(5, 1, 2, 3);
        Path file = EventFile.files(directory).get(0);
        byte[] all = Files.readAllBytes(file);
        int record = (all.length - 40) / 3; // three equal records after the version record
        all[all.length - record - 6] ^= 1;
        Files.write(file, all);
        assertThat(EventFile.read(file)).isEqualTo(scalars(1));
    }

    @Test
    void filesOfOtherProgramsAreNotChanged() throws IOException {
        Path other = Files.writeString(directory.resolve("events.out.tfevents.1.host"), "other");
        write(5, 1);
        assertThat(other).hasContent("other");
    }
}
