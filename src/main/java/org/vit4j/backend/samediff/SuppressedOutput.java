package org.vit4j.backend.samediff;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** What ND4J prints by itself, kept from where our own output goes. */
public final class SuppressedOutput {
    private SuppressedOutput() {}

    /** SameDiff prints a line for every op it differentiates to standard output, where our JSON goes. */
    public static synchronized void run(Runnable work) {
        mute(System.out, System::setOut, work);
    }

    /** ND4J's CUDA backend prints a stack to standard error where there is no card, where our one line goes. */
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
