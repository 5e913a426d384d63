package org.vit4j.cli;

import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import org.vit4j.config.ConfigError;

/** Encoding of the program's output, and of file names on the command line. */
final class ConsoleEncoding {
    private ConsoleEncoding() {}

    /** Returns a writer that encodes as UTF-8 in every locale. */
    static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
    }

    /** Error for a file name that Java cannot encode; mostly because the locale's encoding lacks its characters. */
    static ConfigError invalidName(InvalidPathException problem) {
        String encoding = System.getProperty("sun.jnu.encoding", "unknown");
        boolean utf8 = encoding.equalsIgnoreCase("UTF-8");
        String reason =
                utf8 ? problem.getReason() : "the encoding of the locale, " + encoding + ", lacks its characters";
        return new ConfigError(
                problem.getInput() + ": invalid file name: " + reason + (utf8 ? "" : "; set LC_ALL=C.UTF-8 and retry"));
    }
}
