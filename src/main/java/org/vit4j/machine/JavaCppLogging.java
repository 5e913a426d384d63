package org.vit4j.machine;

/**
 * Redirects JavaCPP's messages to SLF4J. By default JavaCPP prints to standard error, for example that presets of older
 * versions do not match its own, which is intended (see pom.xml).
 */
public final class JavaCppLogging {
    private static final String PROPERTY = "org.bytedeco.javacpp.logger";

    private JavaCppLogging() {}

    /** Must be called before the first native library is loaded; a system property set by the user is kept. */
    public static void useSlf4j() {
        if (System.getProperty(PROPERTY) == null) System.setProperty(PROPERTY, "slf4j");
    }
}
