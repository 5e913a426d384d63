package org.vit4j.cli;

import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import org.vit4j.config.ConfigError;

/** The encoding of the command line's output, and of the file names that it is given. */
final class ConsoleEncoding {
    private ConsoleEncoding() {}

    /** Writes UTF-8, whatever the locale is. */
    static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
    }

    /** A file name that Java cannot pass to the system: the locale's encoding lacks its characters, mostly. */
    static ConfigError unreadable(InvalidPathException problem) {
        String encoding = System.getProperty("sun.jnu.encoding", "unknown");
        boolean utf8 = encoding.equalsIgnoreCase("UTF-8");
        String reason =
                utf8 ? problem.getReason() : "the encoding of the locale, " + encoding + ", lacks its characters";
        return new ConfigError(problem.getInput() + ": no file can have this name here: " + reason
                + (utf8 ? "" : "; set LC_ALL=C.UTF-8 and start again"));
    }
}
