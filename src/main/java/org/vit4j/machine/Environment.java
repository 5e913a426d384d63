package org.vit4j.machine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.nd4j.linalg.factory.Nd4j;

/** Description of the environment of a run: versions, backend and machine. */
public final class Environment {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The command of this program as Java reports it: main class or jar, and arguments. */
    private static final Pattern PROGRAM = Pattern.compile("(?:org\\.vit4j\\.Main|.*?vit4j\\.jar) (.*)");

    private Environment() {}

    /** Returns library versions, backend, Java and system; loads the ND4J backend. */
    public static Map<String, String> describe() {
        Map<String, String> all = new LinkedHashMap<>();
        Package vit4j = Environment.class.getPackage();
        all.put("vit4j", Optional.ofNullable(vit4j.getImplementationVersion()).orElse("development"));
        all.put("commit", System.getProperty("vit4j.commit", "unknown"));
        all.put("nd4j_backend", Nd4j.getBackend().getClass().getSimpleName());
        Properties info = Nd4j.getExecutioner().getEnvironmentInformation();
        all.put("nd4j_blas", String.valueOf(info.get("blas.vendor")));
        all.put("nd4j_threads", String.valueOf(Nd4j.getEnvironment().maxThreads()));
        all.put(
                "nd4j_build",
                Optional.ofNullable(Nd4j.class.getPackage().getImplementationVersion())
                        .orElse("1.0.0-M2.1"));
        all.put("java", System.getProperty("java.vm.name") + " " + System.getProperty("java.version"));
        all.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        all.put("arch", System.getProperty("os.arch"));
        all.put("processors", String.valueOf(CpuThreads.available()));
        all.put("threads", String.valueOf(CpuThreads.current()));
        all.put("omp_num_threads", String.valueOf(System.getenv().getOrDefault("OMP_NUM_THREADS", "not set")));
        return all;
    }

    /**
     * Returns {@link #describe} of a run: also host, processor, command line and start time, which identify a machine and
     * are therefore not stored in models.
     *
     * @param started time at which the run was first started; empty for now
     */
    public static Map<String, String> describeRun(Optional<String> started) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put(
                "started",
                started.orElseGet(
                        () -> Instant.now().truncatedTo(ChronoUnit.SECONDS).toString()));
        commandLine().ifPresent(command -> all.put("command", command));
        all.put("host", host());
        all.put("cpu", cpu());
        all.putAll(describe());
        return all;
    }

    /** Returns the command line of this program, without its quotes; empty if another program started this process. */
    private static Optional<String> commandLine() {
        Matcher matcher = PROGRAM.matcher(System.getProperty("sun.java.command", ""));
        return matcher.matches() ? Optional.of("vit4j " + matcher.group(1)) : Optional.empty();
    }

    private static String host() {
        return firstLine("/proc/sys/kernel/hostname")
                .or(() -> Optional.ofNullable(System.getenv("COMPUTERNAME")))
                .or(() -> Optional.ofNullable(System.getenv("HOSTNAME")))
                .orElse("unknown");
    }

    private static String cpu() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .orElse("unknown");
        } catch (IOException | UncheckedIOException e) {
            return Optional.ofNullable(System.getenv("PROCESSOR_IDENTIFIER")).orElse("unknown"); // not Linux
        }
    }

    private static Optional<String> firstLine(String file) {
        try {
            return Files.readAllLines(Path.of(file)).stream().findFirst();
        } catch (IOException e) {
            return Optional.empty(); // not Linux
        }
    }

    /** Returns {@link #describeRun} as JSON. */
    public static String json(Optional<String> started) {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(describeRun(started)) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
