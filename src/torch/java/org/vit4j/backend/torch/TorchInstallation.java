package org.vit4j.backend.torch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/**
 * Driver, libraries and variables that libtorch needs for a GPU, and the reasons why it may not see one.
 *
 * @param cuda major version of CUDA that libtorch was built with
 * @param driver version of the NVIDIA driver; empty if none is loaded or it cannot be read
 * @param visible value of {@code CUDA_VISIBLE_DEVICES}
 */
record TorchInstallation(int cuda, Optional<String> driver, Optional<String> visible) {
    /** Oldest driver by major version of CUDA: 12, of pip's packages, and 13, of the natives with CUDA. */
    private static final Map<Integer, Integer> OLDEST_DRIVER = Map.of(12, 525, 13, 580);

    private static final String DOCS = " (docs/cuda.md)";
    private static final Path DRIVER_VERSION = Path.of("/proc/driver/nvidia/version");
    private static final Pattern VERSION = Pattern.compile("\\s(\\d{3,4}(?:\\.\\d+)+)\\s");
    /** The newest CUDA that the driver supports, by libtorch's message about an old driver. */
    private static final Pattern SUPPORTED =
            Pattern.compile("driver on your system is too old \\(found version (\\d+)\\)");

    private static final Pattern LIBRARY =
            Pattern.compile("(lib[\\w.+-]+\\.so[\\w.]*|[\\w+-]+\\.dll)(?=: cannot open)");

    /** @param cuda version of CUDA that libtorch was built with, such as 12080 */
    static TorchInstallation ofThisMachine(long cuda, Map<String, String> environment) {
        return new TorchInstallation(
                (int) (cuda / 1000),
                driver(DRIVER_VERSION),
                Optional.ofNullable(environment.get("CUDA_VISIBLE_DEVICES")));
    }

    /** Reads the version from the file of the Linux driver. */
    static Optional<String> driver(Path file) {
        try {
            Matcher found =
                    VERSION.matcher(Files.readString(file).lines().findFirst().orElse(""));
            return found.find() ? Optional.of(found.group(1)) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Returns true if a GPU with a driver may be here; much cheaper than loading libtorch. */
    static boolean mayHaveGpu() {
        String windows = System.getenv().getOrDefault("SystemRoot", "C:\\Windows");
        return Stream.of(
                        DRIVER_VERSION,
                        Path.of("/dev/nvidiactl"),
                        Path.of("/dev/dxg"), // Windows Subsystem for Linux
                        Path.of(windows, "System32", "nvcuda.dll"))
                .anyMatch(Files::exists);
    }

    /**
     * The reason why libtorch sees no GPU.
     *
     * @param message of libtorch's exception
     */
    String noGpuReason(String message) {
        if (visible.isPresent() && (visible.get().isBlank() || visible.get().startsWith("-")))
            return "CUDA_VISIBLE_DEVICES=" + visible.get() + " hides all GPUs";
        Matcher supported = SUPPORTED.matcher(message);
        if (supported.find()) return oldDriver(" for CUDA " + version(Integer.parseInt(supported.group(1))));
        int oldest = OLDEST_DRIVER.getOrDefault(cuda, 0);
        if (driver.map(TorchInstallation::major).orElse(oldest) < oldest) return oldDriver("");
        if (message.contains("Found no NVIDIA driver"))
            return "libtorch sees no GPU: no NVIDIA driver is loaded" + DOCS;
        if (message.contains("No CUDA GPUs are available"))
            return "libtorch sees no GPU, although the NVIDIA driver "
                    + driver.map(name -> name + " ").orElse("")
                    + "is loaded: CUDA_VISIBLE_DEVICES=" + visible.orElse("")
                    + ", or the devices /dev/nvidia* are missing in a container" + DOCS;
        return "libtorch sees no GPU: " + message.lines().findFirst().orElse("") + DOCS;
    }

    /** @param made for which version of CUDA it was made, if that is known */
    private String oldDriver(String made) {
        int oldest = OLDEST_DRIVER.getOrDefault(cuda, 0);
        return "the NVIDIA driver" + driver.map(name -> " " + name).orElse("") + made
                + " is too old for libtorch's CUDA " + cuda
                + (oldest == 0 ? "" : ", which needs " + oldest + " or newer") + DOCS;
    }

    /** 11040 is 11.4. */
    private static String version(int number) {
        return number / 1000 + "." + number % 1000 / 10;
    }

    private static int major(String driver) {
        return Integer.parseInt(driver.substring(0, driver.indexOf('.')));
    }

    /** The reason why the native libraries cannot be loaded; names the library that is missing. */
    static String loadReason(LinkageError problem) {
        for (Throwable cause = problem; cause != null; cause = cause.getCause()) {
            Matcher library = LIBRARY.matcher(String.valueOf(cause.getMessage()));
            if (!library.find()) continue;
            String name = library.group(1);
            return "the library " + name + " is missing, which libtorch needs; " + source(name) + DOCS;
        }
        return "libtorch's native library cannot be loaded: " + TorchFailures.firstLine(problem);
    }

    private static String source(String library) {
        if (library.startsWith("libcuda.so")) return "install the NVIDIA driver";
        if (library.startsWith("libcudnn")) return "install cuDNN 9 and add its directory to LD_LIBRARY_PATH";
        if (library.startsWith("libnccl")) return "install NCCL 2 and add its directory to LD_LIBRARY_PATH";
        if (library.startsWith("libcu") || library.startsWith("libnv"))
            return "install CUDA 13 and add its directory to LD_LIBRARY_PATH";
        return "install it or add its directory to LD_LIBRARY_PATH";
    }

    /** The reason why two builds of the native libraries exclude each other: with both, the process would abort. */
    static Optional<String> conflict() {
        String cpu = "/org/bytedeco/pytorch/" + Loader.getPlatform() + "/";
        String gpu = "/org/bytedeco/pytorch/" + Loader.getPlatform() + "-gpu/";
        return conflict(contains(cpu), contains(gpu));
    }

    private static boolean contains(String folder) {
        return Stream.of("libjnitorch.so", "jnitorch.dll", "libjnitorch.dylib")
                .anyMatch(name -> torch.class.getResource(folder + name) != null);
    }

    static Optional<String> conflict(boolean cpu, boolean gpu) {
        if (!cpu || !gpu) return Optional.empty();
        return Optional.of("libtorch's native jars for the CPU and for GPUs are both on the class path; remove one of"
                + " pytorch-*-" + Loader.getPlatform() + ".jar and pytorch-*-" + Loader.getPlatform() + "-gpu.jar"
                + DOCS);
    }
}
