package org.vit4j.machine;

import java.util.List;
import org.bytedeco.javacpp.Loader;
import org.nd4j.linalg.factory.Nd4j;

/**
 * ND4J's native libraries. A dependency on vit4j brings no natives: each application adds those of its platforms, so a missing
 * library is an error that names the artifacts.
 */
public final class NativeLibraries {
    static final String ND4J = "1.0.0-M2.1";
    static final String OPENBLAS = "0.3.31-1.5.13";
    static final String JAVACPP = "1.5.13";

    private static final String CUDA_BACKEND = "/org/nd4j/linalg/jcublas/JCublasBackend.class";

    private NativeLibraries() {}

    /**
     * Loads ND4J's backend; does nothing if it is loaded.
     *
     * @throws LinkageError if the CPU backend cannot be loaded; the message names the artifacts of this platform
     */
    public static void load() {
        try {
            Nd4j.getBackend();
        } catch (LinkageError e) {
            if (NativeLibraries.class.getResource(CUDA_BACKEND) != null) throw e;
            throw new LinkageError(message(Loader.getPlatform(), e), e);
        }
    }

    private static String message(String platform, Throwable problem) {
        Throwable cause = problem;
        while (cause.getCause() != null && cause.getCause() != cause) cause = cause.getCause();
        String reason = String.valueOf(cause.getMessage())
                .lines()
                .findFirst()
                .orElse("")
                .replaceFirst("\\.$", "");
        return "ND4J's native library cannot be loaded: " + reason + "; add " + String.join(", ", artifacts(platform))
                + " to the class path (README.md, As a library)";
    }

    /** Maven coordinates with the classifier last, for a platform in JavaCPP's notation: {@code linux-x86_64}. */
    static List<String> artifacts(String platform) {
        String flavor = platform.endsWith("-x86_64") ? "-onednn-avx2" : ""; // the other platforms have no such build
        return List.of(
                "org.nd4j:nd4j-native:" + ND4J + ":" + platform + flavor,
                "org.bytedeco:openblas:" + OPENBLAS + ":" + platform,
                "org.bytedeco:javacpp:" + JAVACPP + ":" + platform);
    }
}
