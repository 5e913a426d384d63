package org.vit4j.machine;

import java.nio.file.Path;

/** The program that runs this JVM. */
public final class JavaExecutable {
    private JavaExecutable() {}

    /** Returns the path of the {@code java} program of this process, for child processes. */
    public static Path path() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }
}
