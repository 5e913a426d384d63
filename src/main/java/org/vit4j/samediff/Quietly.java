package org.vit4j.samediff;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** SameDiff prints a line for every op it differentiates to standard output, where our JSON goes. */
public final class Quietly {
    private Quietly() {}

    public static synchronized void run(Runnable work) {
        PrintStream out = System.out;
        System.setOut(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        try {
            work.run();
        } finally {
            System.setOut(out);
        }
    }
}
