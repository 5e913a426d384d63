package org.vit4j.machine;

/**
 * Sends JavaCPP's messages to SLF4J. By itself it prints to standard error, such as that presets of line 1.5.7 do not
 * match its own version, which is intended: see pom.xml.
 */
public final class JavaCppLogging {
    private static final String PROPERTY = "org.bytedeco.javacpp.logger";

    private JavaCppLogging() {}

    /** Takes effect before the first native library is loaded; a value that the user set stays. */
    public static void useSlf4j() {
        if (System.getProperty(PROPERTY) == null) System.setProperty(PROPERTY, "slf4j");
    }
}
