package org.vit4j.machine;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The program that runs this JVM. */
public final class JavaExecutable {
    private JavaExecutable() {}

    /**
     * Returns the start of a command that runs another class of this program, with the JVM options of this process except
     * agents.
     *
     * @param options further options of the JVM
     */
    public static List<String> command(Class<?> main, String... options) {
        List<String> command = new ArrayList<>(List.of(path().toString()));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> !argument.startsWith("-javaagent") && !argument.startsWith("-agentlib"))
                .forEach(command::add);
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        return command;
    }

    /** Returns the path of the {@code java} program of this process, for child processes. */
    public static Path path() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }
}
