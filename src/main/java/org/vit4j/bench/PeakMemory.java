package org.vit4j.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.vit4j.io.RunException;

/**
 * Peak resident memory of a subject in bytes, including the JVM. Measured in a separate process per subject, which runs
 * inference and then training: {@code training} is the peak of both.
 */
public record PeakMemory(long inference, long training) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Measures peak memory in a new process; empty if the operating system does not report it.
     *
     * @param command command line that runs {@link BenchWorker#serve}
     */
    public static Optional<PeakMemory> of(List<String> command, int batch, int steps) {
        if (!ProcessMemory.isKnown()) return Optional.empty();
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try (BufferedReader answers = process.inputReader(StandardCharsets.UTF_8);
                    PrintWriter lines = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true)) {
                answer(answers); // ready
                long inference = peak(lines, answers, "infer " + batch + " " + steps);
                long training = peak(lines, answers, "train " + steps);
                return Optional.of(new PeakMemory(inference, training));
            } finally {
                process.destroy();
            }
        } catch (IOException e) {
            throw new RunException("cannot measure memory in a separate process: " + e.getMessage(), e);
        }
    }

    private static long peak(PrintWriter lines, BufferedReader answers, String work) throws IOException {
        lines.println(work);
        answer(answers);
        lines.println("memory");
        return JSON.readTree(answer(answers)).path("peak").asLong();
    }

    private static String answer(BufferedReader answers) throws IOException {
        String line = answers.readLine();
        if (line == null)
            throw new RunException("the process that measures memory ended early; it may have run out of memory");
        return line;
    }
}
