package org.vit4j.machine;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** The threads of this process, native ones too, as the proc file system of Linux lists them. */
final class LinuxThreads {
    private static final String PROCESSORS = "Cpus_allowed_list:";

    private final Path proc;

    /** @param proc {@code /proc}, but in tests */
    LinuxThreads(Path proc) {
        this.proc = proc;
    }

    /** The identifier of the calling thread. Of a virtual thread: that of its carrier. */
    int self() throws IOException {
        return Integer.parseInt(fileName(Files.readSymbolicLink(proc.resolve("thread-self"))));
    }

    /** Numbers of the processors that the calling thread may use, ascending. */
    List<Integer> processors() throws IOException {
        for (String line : Files.readAllLines(proc.resolve("thread-self/status"))) {
            if (line.startsWith(PROCESSORS))
                return numbers(line.substring(PROCESSORS.length()).strip());
        }
        throw new IOException("the status of a thread has no " + PROCESSORS);
    }

    /** Reads a list such as {@code 0-3,8}. */
    private static List<Integer> numbers(String ranges) throws IOException {
        List<Integer> numbers = new ArrayList<>();
        try {
            for (String range : ranges.split(",")) {
                String[] ends = range.split("-");
                IntStream.rangeClosed(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]))
                        .forEach(numbers::add);
            }
        } catch (NumberFormatException e) {
            throw new IOException("expected a list of processors, got " + ranges, e);
        }
        return numbers;
    }

    /**
     * Nanoseconds that threads have run so far, by identifier: of all that have the name of the calling one, which native threads
     * inherit from the thread that creates them, but not of the calling one.
     */
    Map<Integer, Long> runTimesOfSameName() throws IOException {
        int self = self();
        String name = name(proc.resolve("thread-self"));
        Map<Integer, Long> times = new TreeMap<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(proc.resolve("self/task"))) {
            for (Path task : tasks) {
                int id = Integer.parseInt(fileName(task));
                try {
                    if (id != self && name(task).equals(name)) times.put(id, runTime(task));
                } catch (IOException e) {
                    // The thread has ended since the directory was read.
                }
            }
        }
        return times;
    }

    private static String fileName(Path path) {
        return String.valueOf(path.getFileName());
    }

    private static String name(Path task) throws IOException {
        return Files.readString(task.resolve("comm")).strip();
    }

    private static long runTime(Path task) throws IOException {
        return Long.parseLong(Files.readString(task.resolve("schedstat")).split(" ")[0]);
    }
}
