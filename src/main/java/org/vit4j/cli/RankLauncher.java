package org.vit4j.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.vit4j.Main;
import org.vit4j.io.RunException;
import org.vit4j.machine.CpuThreads;
import org.vit4j.machine.JavaExecutable;
import org.vit4j.run.RankEnvironment;

/**
 * Starts one process for each device, with the command line of this one, and waits for them. Process 0 prints; if another
 * fails, its error is reported and all are ended.
 */
final class RankLauncher {
    /** Time for process 0 to end by itself after another one has failed, in milliseconds: a common failure is its to report. */
    private static final long GRACE_MILLIS = 3000;

    private static final long POLL_MILLIS = 50;

    /** System property of the started processes: the process id of this one. */
    private static final String LAUNCHER = "vit4j.launcher";

    private final List<String> devices;
    private final List<Process> processes = new ArrayList<>();
    private final List<RankOutput> outputs = new ArrayList<>();
    private final PrintWriter out;

    /** @param out receives the standard output of process 0 */
    RankLauncher(List<String> devices, PrintWriter out) {
        this.devices = devices;
        this.out = out;
    }

    /**
     * Runs a command line of this program in all processes.
     *
     * @return exit code of process 0
     * @throws RunException if another process fails
     */
    int run(List<String> arguments) {
        Thread forward = new Thread(this::interrupt, "ranks-interrupt");
        Runtime.getRuntime().addShutdownHook(forward);
        try {
            int port = freePort();
            for (int rank = 0; rank < devices.size(); rank++) start(arguments, rank, port);
            return waitForAll();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return CommandLineProgram.FAILURE;
        } finally {
            processes.forEach(Process::destroyForcibly);
            removeHook(forward);
        }
    }

    /** Ends this process when the launcher that started it has ended, even by a kill; nothing if there is none. */
    static void endWithLauncher() {
        String id = System.getProperty(LAUNCHER);
        if (id == null) return;
        Optional<ProcessHandle> launcher = ProcessHandle.of(Long.parseLong(id));
        if (launcher.isEmpty()) return;
        Thread watch = new Thread(
                () -> {
                    launcher.get().onExit().join();
                    Runtime.getRuntime().halt(CommandLineProgram.FAILURE);
                },
                "launcher-watch");
        watch.setDaemon(true);
        watch.start();
    }

    /** Waits until the launcher ends this process, for a limited time; returns at once if there is no launcher. */
    static void awaitEnd() {
        if (System.getProperty(LAUNCHER) == null) return;
        try {
            Thread.sleep(3 * GRACE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is already shutting down; the hook ends it with the exit code of process 0.
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void start(List<String> arguments, int rank, int port) throws IOException {
        String launcher = "-D" + LAUNCHER + "=" + ProcessHandle.current().pid();
        List<String> command = JavaExecutable.command(Main.class, launcher);
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command);
        Map<String, String> environment = builder.environment();
        environment.putAll(RankEnvironment.variables(rank, devices.size(), port));
        // The processes share the processors.
        int threads = Math.max(1, CpuThreads.defaultThreads() / devices.size());
        environment.put("OMP_NUM_THREADS", String.valueOf(threads));
        if (rank == 0) builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        else builder.redirectErrorStream(true);
        Process process = builder.start();
        process.getOutputStream().close();
        processes.add(process);
        outputs.add(new RankOutput(process, rank == 0 ? out : null));
    }

    private int waitForAll() throws InterruptedException {
        Process first = processes.get(0);
        while (true) {
            if (!first.isAlive()) return end(first);
            for (int rank = 1; rank < processes.size(); rank++) {
                Process other = processes.get(rank);
                if (other.isAlive() || isSuccess(other.exitValue())) continue;
                if (first.waitFor(GRACE_MILLIS, TimeUnit.MILLISECONDS)) return end(first);
                throw new RunException("process " + rank + " (" + devices.get(rank) + ") failed: "
                        + outputs.get(rank).failure(other) + "; the other processes are ended");
            }
            first.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private int end(Process first) throws InterruptedException {
        outputs.get(0).reader.join(GRACE_MILLIS);
        return first.exitValue();
    }

    private static boolean isSuccess(int code) {
        return code == CommandLineProgram.SUCCESS || code == CommandLineProgram.INTERRUPTED;
    }

    /** Passes an interrupt on to process 0, which saves, and ends with its exit code. */
    private void interrupt() {
        if (processes.isEmpty()) return;
        Process first = processes.get(0);
        first.destroy();
        int code = CommandLineProgram.FAILURE;
        try {
            code = first.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        processes.forEach(Process::destroyForcibly);
        Runtime.getRuntime().halt(code);
    }

    /** Reads the output of a process: prints it, or keeps the last error. Omits the messages of Gloo, which cannot be turned off. */
    private static final class RankOutput {
        private static final String ERROR = "vit4j: ";
        private static final String GLOO = "[Gloo] ";

        private final Thread reader;
        private volatile String error = "";

        /** @param out receives the lines, or null */
        RankOutput(Process process, PrintWriter out) {
            reader = new Thread(() -> read(process, out), "rank-output");
            reader.setDaemon(true);
            reader.start();
        }

        private void read(Process process, PrintWriter out) {
            try (BufferedReader lines = process.inputReader()) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.startsWith(ERROR)) error = line.substring(ERROR.length());
                    if (out == null || line.startsWith(GLOO)) continue;
                    out.println(line);
                    out.flush();
                }
            } catch (IOException e) {
                // the process has ended
            }
        }

        String failure(Process process) throws InterruptedException {
            reader.join(GRACE_MILLIS);
            return error.isEmpty() ? "exit code " + process.exitValue() : error;
        }
    }
}
