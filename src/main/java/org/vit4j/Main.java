package org.vit4j;

import org.vit4j.cli.CommandLineProgram;
import org.vit4j.cli.StandardOutput;

/** The entry point of the command line. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        StandardOutput.install();
        System.exit(CommandLineProgram.run(args));
    }
}
