package org.vit4j.config;

import java.io.File;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * Paths as users write them, in a config or on the command line: a leading {@code ~} is the home directory, as in a
 * shell. Shells expand it only at the start of a word, so {@code --set data.path=~/images} and {@code
 * --data=~/images} reach the program unexpanded.
 */
public final class UserPath {
    private UserPath() {}

    /**
     * Converts text to a path.
     *
     * @throws ConfigError if it is not a valid path on this file system
     */
    public static Path of(String text) {
        return expand(text, home());
    }

    static Path expand(String text, String home) {
        if (text.isEmpty()) throw new ConfigError("a path is empty; is a variable of the shell not set?");
        try {
            if (text.equals("~")) return Path.of(home);
            boolean below = text.startsWith("~/") || (File.separatorChar == '\\' && text.startsWith("~\\"));
            return below ? Path.of(home, text.substring(2)) : Path.of(text);
        } catch (InvalidPathException e) {
            throw invalid(e);
        }
    }

    /**
     * Creates the error for a text that is not a path. The usual reason is that the encoding of the locale lacks one of its
     * characters.
     */
    public static ConfigError invalid(InvalidPathException problem) {
        String encoding = System.getProperty("sun.jnu.encoding", "unknown");
        boolean utf8 = encoding.equalsIgnoreCase("UTF-8");
        String reason =
                utf8 ? problem.getReason() : "the encoding of the locale, " + encoding + ", lacks its characters";
        return new ConfigError(
                "'" + problem.getInput() + "' is not a path: " + reason
                        + (utf8 ? "" : "; set LC_ALL=C.UTF-8 and retry"),
                problem);
    }

    /**
     * Home directory from {@code HOME}, as in shells; Java's {@code user.home} ignores it and uses the user database.
     */
    private static String home() {
        String home = System.getenv("HOME");
        return home == null || home.isEmpty() ? System.getProperty("user.home") : home;
    }
}
