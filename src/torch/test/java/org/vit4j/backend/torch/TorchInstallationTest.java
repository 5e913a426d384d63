package org.vit4j.backend.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reasons why a GPU cannot be used, one line each. */
class TorchInstallationTest {
    @TempDir
    Path directory;

    private static final String NO_DRIVER =
            "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU";
    private static final String NO_GPU = "No CUDA GPUs are available";
    private static final String OLD_DRIVER =
            "The NVIDIA driver on your system is too old (found version 11040). Please update your GPU driver";

    private static String reason(int cuda, String driver, String visible, String message) {
        return new TorchInstallation(cuda, Optional.ofNullable(driver), Optional.ofNullable(visible))
                .noGpuReason(message + "\nException raised from device_count_impl at CUDAFunctions.cpp:88");
    }

    @Test
    void driverVariableAndMessageExplainThatNoGpuIsSeen() {
        assertThat(reason(13, null, null, NO_DRIVER))
                .isEqualTo("libtorch sees no GPU: no NVIDIA driver is loaded (docs/cuda.md)");
        assertThat(reason(13, "580.65.06", "", NO_GPU)).isEqualTo("CUDA_VISIBLE_DEVICES= hides all GPUs");
        assertThat(reason(13, "580.65.06", "-1", NO_GPU)).isEqualTo("CUDA_VISIBLE_DEVICES=-1 hides all GPUs");
        assertThat(reason(13, "580.65.06", "7", NO_GPU))
                .startsWith(
                        "libtorch sees no GPU, although the NVIDIA driver 580.65.06 is loaded: CUDA_VISIBLE_DEVICES=7");
        assertThat(reason(13, null, null, "CUDA unknown error - this may be due to an incorrectly set up environment"))
                .isEqualTo("libtorch sees no GPU: CUDA unknown error - this may be due to an incorrectly set up"
                        + " environment (docs/cuda.md)");
    }

    @Test
    void theOldestDriverDependsOnTheCudaOfLibtorch() {
        assertThat(reason(13, "535.104.05", null, OLD_DRIVER))
                .isEqualTo(
                        "the NVIDIA driver 535.104.05 for CUDA 11.4 is too old for libtorch's CUDA 13, which needs 580"
                                + " or newer (docs/cuda.md)");
        assertThat(reason(12, null, null, OLD_DRIVER))
                .isEqualTo("the NVIDIA driver for CUDA 11.4 is too old for libtorch's CUDA 12, which needs 525 or newer"
                        + " (docs/cuda.md)");
        assertThat(reason(12, "470.82.01", null, NO_GPU))
                .isEqualTo("the NVIDIA driver 470.82.01 is too old for libtorch's CUDA 12, which needs 525 or newer"
                        + " (docs/cuda.md)");
        assertThat(reason(12, "550.54.15", "7", NO_GPU))
                .startsWith("libtorch sees no GPU, although the NVIDIA driver 550.54.15 is loaded");
        assertThat(reason(99, null, null, OLD_DRIVER)).endsWith("is too old for libtorch's CUDA 99 (docs/cuda.md)");
    }

    @Test
    void theVersionOfTheDriverIsReadFromItsFile() throws IOException {
        Path file = directory.resolve("version");
        Files.writeString(
                file,
                "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC version:\n");
        assertThat(TorchInstallation.driver(file)).contains("535.104.05");
        Files.writeString(
                file,
                "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.82.07  Release Build  (root@host)\n");
        assertThat(TorchInstallation.driver(file)).contains("580.82.07");
        assertThat(TorchInstallation.driver(directory.resolve("none"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    libcuda.so.1     | install the NVIDIA driver
                    libcudart.so.13  | install CUDA 13 and
                    libcublas.so.13  | install CUDA 13 and
                    libnvrtc.so.13   | install CUDA 13 and
                    libcudnn.so.9    | install cuDNN 9 and
                    libnccl.so.2     | install NCCL 2 and
                    libgomp.so.1     | install it or
                    """)
    void aMissingLibraryIsNamed(String library, String advice) {
        LinkageError problem = new UnsatisfiedLinkError(
                "/cache/libtorch_cuda.so: " + library + ": cannot open shared object file: No such file or directory");
        LinkageError wrapped = new NoClassDefFoundError("Could not initialize class torch");
        wrapped.initCause(problem);
        assertThat(TorchInstallation.loadReason(wrapped))
                .startsWith("the library " + library + " is missing, which libtorch needs; " + advice)
                .hasLineCount(1);
        assertThat(TorchInstallation.loadReason(new UnsatisfiedLinkError("no jnitorch in java.library.path")))
                .isEqualTo("libtorch's native library cannot be loaded: no jnitorch in java.library.path");
    }

    @Test
    void bothNativeJarsAreAConflict() {
        assertThat(TorchInstallation.conflict(true, true).orElseThrow())
                .startsWith("libtorch's native jars for the CPU and for GPUs are both on the class path; remove one");
        assertThat(TorchInstallation.conflict(true, false)).isEmpty();
        assertThat(TorchInstallation.conflict(false, true)).isEmpty();
        assertThat(TorchInstallation.conflict()).isEmpty();
    }
}
