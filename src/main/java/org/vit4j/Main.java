package org.vit4j;

import org.vit4j.machine.JavaCppLogging;

import java.util.Locale;
import org.vit4j.cli.CommandLineProgram;
import org.vit4j.cli.StandardOutput;
import org.vit4j.machine.MemoryLimit;

/** The entry point of the command line. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        StandardOutput.install();
        // Numbers look the same in every locale, also those that libraries format.
        Locale.setDefault(Locale.ROOT);
        MemoryLimit.configureJavaCpp();
        JavaCppLogging.useSlf4j();
        System.exit(CommandLineProgram.run(args));
    }
}
