package org.vit4j.backend.torch;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vit4j.backend.DeviceFailure;

/** Recognizes failures of a device by the messages of libtorch's exceptions. */
final class TorchFailures {
    private static final Pattern TRIED =
            Pattern.compile("[Tt]ried to allocate (?:about )?([\\d.]+ (?:[KMGT]i?B|bytes))");
    private static final Pattern CAPACITY = Pattern.compile("total capacity of ([\\d.]+) ([KMGT]iB)");
    private static final Pattern GPU = Pattern.compile("GPU (\\d+) has a total capacity");
    private static final Pattern CPU_BYTES = Pattern.compile("(?:tried|try) to allocate (\\d+) bytes");

    /** Part of the status of cuBLAS and cuDNN without memory. */
    private static final String LIBRARY_ALLOCATION = "ALLOC_FAILED";

    /** Words of errors of a GPU or its driver, and what they mean. */
    private enum GpuError {
        NO_KERNEL("no kernel image is available", "this libtorch has no machine code for the GPU (docs/cuda.md)"),
        OLD_DRIVER("driver version is insufficient", "the NVIDIA driver is too old for this libtorch (docs/cuda.md)"),
        OLD_DRIVER_TORCH(
                "NVIDIA driver on your system is too old",
                "the NVIDIA driver is too old for this libtorch (docs/cuda.md)"),
        NO_DEVICE("no CUDA-capable device is detected", "libtorch sees no GPU"),
        BUSY("devices are busy or unavailable", "the GPU is used exclusively by another process"),
        ECC("uncorrectable ECC error", "the memory of the GPU has an uncorrectable error"),
        LOST("unspecified launch failure", "a kernel failed on the GPU"),
        ILLEGAL("illegal memory access", "a kernel accessed invalid memory on the GPU"),
        NCCL("NCCL error", "NCCL cannot exchange data between the GPUs");

        private final String words;
        private final String meaning;

        GpuError(String words, String meaning) {
            this.words = words;
            this.meaning = meaning;
        }
    }

    private TorchFailures() {}

    static Optional<DeviceFailure> of(Throwable problem) {
        for (Throwable cause = problem; cause != null; cause = cause.getCause()) {
            Optional<DeviceFailure> found = of(String.valueOf(cause.getMessage()));
            if (found.isPresent()) return found;
        }
        return Optional.empty();
    }

    static Optional<DeviceFailure> of(String message) {
        if (message.contains("CUDA out of memory") || message.contains("CUDA error: out of memory"))
            return Optional.of(outOfGpuMemory(message));
        if (message.contains(LIBRARY_ALLOCATION))
            return Optional.of(new DeviceFailure(true, "out of memory on the GPU (workspace of a library)", 0));
        if (message.contains("DefaultCPUAllocator"))
            return Optional.of(
                    new DeviceFailure(true, "out of memory on the CPU" + tried(message, CPU_BYTES, " bytes"), 0));
        for (GpuError error : GpuError.values())
            if (message.contains(error.words))
                return Optional.of(new DeviceFailure(false, error.meaning + ": " + firstLine(message), 0));
        return Optional.empty();
    }

    private static DeviceFailure outOfGpuMemory(String message) {
        Matcher gpu = GPU.matcher(message);
        String device = gpu.find() ? "cuda:" + gpu.group(1) : "the GPU";
        Matcher found = CAPACITY.matcher(message);
        long capacity = found.find() ? bytes(Double.parseDouble(found.group(1)), found.group(2)) : 0;
        String size = capacity == 0 ? "" : String.format(Locale.ROOT, " (%s %s)", found.group(1), found.group(2));
        return new DeviceFailure(true, "out of memory on " + device + size + tried(message, TRIED, ""), capacity);
    }

    private static String tried(String message, Pattern pattern, String unit) {
        Matcher found = pattern.matcher(message);
        return found.find() ? ", allocating " + found.group(1) + unit : "";
    }

    private static long bytes(double number, String unit) {
        int exponent = "KMGT".indexOf(unit.charAt(0)) + 1;
        return (long) (number * Math.pow(1024, exponent));
    }

    static String firstLine(Throwable problem) {
        return firstLine(String.valueOf(problem.getMessage()));
    }

    private static String firstLine(String message) {
        return message.lines().findFirst().orElse("").strip();
    }
}
