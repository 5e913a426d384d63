package org.vit4j.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.Locale;
import org.vit4j.io.RunException;

/**
 * Standard output that reports failed writes, which {@link PrintStream} ignores. Otherwise {@code vit4j predict ... |
 * head -1} would continue to compute after {@code head} has ended, and a run on a full disk would report success.
 */
public final class StandardOutput {
    private StandardOutput() {}

    /** The reader of a pipe has closed it. The program ends without an error. */
    static final class Closed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Closed(IOException e) {
            super("standard output is closed", e);
        }
    }

    /** Replaces {@link System#out} in this process. Its input is encoded bytes. */
    public static void install() {
        System.setOut(new PrintStream(new Checked(new FileOutputStream(FileDescriptor.out)), true));
    }

    /** Throws unchecked exceptions, as {@code java.io} writers swallow {@link IOException}. */
    static final class Checked extends OutputStream {
        private final OutputStream out;

        Checked(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            try {
                out.write(bytes, from, length);
            } catch (IOException e) {
                String why = String.valueOf(e.getMessage());
                // The operating system's message, possibly translated: "Broken pipe", "Datenübergabe unterbrochen
                // (broken pipe)".
                if (why.toLowerCase(Locale.ROOT).contains("pipe")) throw new Closed(e);
                throw new RunException("standard output: cannot be written: " + why, e);
            }
        }
    }
}
