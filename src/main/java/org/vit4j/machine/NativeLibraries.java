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

    private static final String THREADS = "OMP_NUM_THREADS"; // ND4J parses it as one int
    private static final String CUDA_BACKEND = "/org/nd4j/linalg/jcublas/JCublasBackend.class";

    private static String failure; // null unless loading failed

    private NativeLibraries() {}

    /**
     * Starts to load ND4J's backend in a thread, and then runs {@code next} there, such as loading more libraries: this takes
     * about as long as reading a config and building its graph, which need no native code. A failure of the backend is
     * thrown by {@link #load}.
     *
     * @param next must not throw
     */
    public static void loadInBackground(Runnable next) {
        Thread thread = new Thread(
                () -> {
                    try {
                        load();
                    } catch (LinkageError e) {
                        return; // every further call throws it again
                    }
                    next.run();
                },
                "vit4j-natives");
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Loads ND4J's backend; does nothing if it is loaded.
     *
     * @throws LinkageError if the CPU backend cannot be loaded; the message names the artifacts of this platform
     */
    public static synchronized void load() {
        if (failure != null) throw new LinkageError(failure);
        try {
            Nd4j.getBackend();
        } catch (LinkageError e) {
            boolean cuda = NativeLibraries.class.getResource(CUDA_BACKEND) != null;
            LinkageError problem = cuda ? e : new LinkageError(message(Loader.getPlatform(), e), e);
            failure = String.valueOf(problem.getMessage());
            throw problem;
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
        String threads = System.getenv(THREADS);
        if (cause instanceof NumberFormatException && threads != null && !threads.matches("[0-9]{1,9}"))
            return "ND4J cannot be loaded: " + THREADS + "=" + threads + ": expected a number of threads";
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
