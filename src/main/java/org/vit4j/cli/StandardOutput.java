package org.vit4j.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.Locale;
import org.vit4j.io.RunException;

/**
 * Standard output that reports a failed write. Java's own ignores it: with {@code vit4j predict ... | head -1} the program
 * would compute to the end for no reader, and with a full disk it would end as if all were well.
 */
public final class StandardOutput {
    private StandardOutput() {}

    /** The reader of a pipe has gone: nothing more is wanted, which is not an error. */
    static final class Closed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Closed(IOException e) {
            super("standard output is closed", e);
        }
    }

    /** Replaces {@link System#out} for this process. Text is encoded before it gets here. */
    public static void install() {
        System.setOut(new PrintStream(new Checked(new FileOutputStream(FileDescriptor.out)), true));
    }

    /** Throws unchecked exceptions, which pass through the writers of {@code java.io}; those drop an {@link IOException}. */
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
                // The system's words, in its language: "Broken pipe", "Datenübergabe unterbrochen (broken pipe)".
                if (why.toLowerCase(Locale.ROOT).contains("pipe")) throw new Closed(e);
                throw new RunException("standard output: cannot be written: " + why, e);
            }
        }
    }
}
