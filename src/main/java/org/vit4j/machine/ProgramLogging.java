package org.vit4j.machine;

/**
 * Logging of the command-line program and of notebooks: logback with a configuration of vit4j. An application that uses
 * vit4j as a library chooses its own logging, so the file has no name that logback finds by itself.
 */
public final class ProgramLogging {
    private static final String PROPERTY = "logback.configurationFile";
    private static final String CONFIGURATION = "org/vit4j/machine/program-logback.xml";

    private ProgramLogging() {}

    /**
     * Selects the configuration, unless the user has one: by the system property {@value #PROPERTY}, or as {@code
     * logback.xml} or {@code logback-test.xml} on the class path. Must be called before the first logger is created.
     */
    public static void configure() {
        if (System.getProperty(PROPERTY) != null || exists("logback.xml") || exists("logback-test.xml")) return;
        System.setProperty(PROPERTY, CONFIGURATION);
    }

    private static boolean exists(String resource) {
        return ProgramLogging.class.getClassLoader().getResource(resource) != null;
    }
}
