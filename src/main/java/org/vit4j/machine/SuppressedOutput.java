package org.vit4j.machine;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** Suppresses output that ND4J prints to the standard streams. */
public final class SuppressedOutput {
    private SuppressedOutput() {}

    /**
     * Suppresses standard output, where SameDiff prints a line for every differentiated op; vit4j prints JSON there.
     */
    public static synchronized void withoutOutput(Runnable work) {
        mute(System.out, System::setOut, work);
    }

    /** Suppresses standard error, where ND4J's CUDA backend prints a stack trace on machines without a GPU. */
    public static synchronized void withoutErrors(Runnable work) {
        mute(System.err, System::setErr, work);
    }

    private static void mute(PrintStream stream, Consumer<PrintStream> set, Runnable work) {
        set.accept(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        try {
            work.run();
        } finally {
            set.accept(stream);
        }
    }
}
