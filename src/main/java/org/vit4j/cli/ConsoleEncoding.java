package org.vit4j.cli;

import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/** Encoding of the program's output. */
final class ConsoleEncoding {
    private ConsoleEncoding() {}

    /** Returns a writer that encodes as UTF-8 in every locale. */
    static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
    }
}
