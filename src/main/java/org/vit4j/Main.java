package org.vit4j;

import java.util.Locale;
import org.vit4j.cli.CommandLineProgram;
import org.vit4j.cli.StandardOutput;
import org.vit4j.machine.JavaCppLogging;
import org.vit4j.machine.MemoryLimit;
import org.vit4j.machine.ProgramLogging;

/** Entry point of the command-line program. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        ProgramLogging.configure();
        StandardOutput.install();
        // Libraries also format numbers, and must not use the locale of the user.
        Locale.setDefault(Locale.ROOT);
        MemoryLimit.configureJavaCpp();
        JavaCppLogging.useSlf4j();
        System.exit(CommandLineProgram.run(args));
    }
}
