package org.vit4j.tracking;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.mlflow.api.proto.Service.RunStatus;
import org.vit4j.tracking.MlflowServer.MlflowFailure;

/** Last requests of a run: its files and its status. */
final class RunEnd {
    /** Time for all files. Each has a limit of its own, and the first without an answer is the last that is tried. */
    private static final Duration LIMIT = Duration.ofHours(1);
    /** Time for the status after a file without an answer. */
    private static final Duration STATUS = Duration.ofSeconds(10);
    /** Time in which an interrupted request returns. */
    private static final long INTERRUPTED_MILLIS = 500;

    private final MlflowRun run;
    private final RunStatus status;
    private final List<Path> files;
    private final Duration interrupted;
    private final List<String> unsent = new ArrayList<>(); // guarded by this, as all below
    private int sent;
    private String reason = "the queue was full";

    /** @param interrupted time without an answer after which an interrupted run ends */
    RunEnd(MlflowRun run, RunStatus status, List<Path> files, Duration interrupted) {
        this.run = run;
        this.status = status;
        this.files = files;
        this.interrupted = interrupted;
        files.forEach(file -> unsent.add(name(file)));
        unsent.add(name(status));
    }

    private static String name(Path file) {
        return file.getFileName().toString();
    }

    private static String name(RunStatus status) {
        return "status " + status;
    }

    /** @param stop returns true after an interrupt */
    void send(BooleanSupplier stop) {
        Thread thread = new Thread(this::send, "mlflow-end");
        thread.setDaemon(true);
        thread.start();
        SendWait wait = new SendWait(stop, this::sent, interrupted);
        if (wait.join(thread, LIMIT)) return;
        failed(wait.isStopped() ? "interrupted" : "not ended within " + LIMIT.toHours() + " h");
        thread.interrupt();
        try {
            thread.join(INTERRUPTED_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void send() {
        boolean answers = true;
        for (Path file : files) {
            if (!answers) break;
            try {
                run.upload(file);
                sent(name(file));
            } catch (MlflowFailure e) {
                failed(e.getMessage());
                answers = !e.isUnanswered();
            }
        }
        if (Thread.currentThread().isInterrupted()) return;
        try {
            if (answers) run.terminate(status);
            else run.terminate(status, STATUS);
            sent(name(status));
        } catch (MlflowFailure e) {
            failed(e.getMessage());
        }
    }

    private synchronized void sent(String name) {
        unsent.remove(name);
        sent++;
    }

    private synchronized void failed(String problem) {
        reason = problem;
    }

    private synchronized int sent() {
        return sent;
    }

    /** Names of the files and the status that were not sent. */
    synchronized List<String> unsent() {
        return List.copyOf(unsent);
    }

    /** Last failure. */
    synchronized String reason() {
        return reason;
    }
}
