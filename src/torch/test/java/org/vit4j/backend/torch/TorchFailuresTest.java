package org.vit4j.backend.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vit4j.backend.DeviceFailure;

/** Recognizes the messages of libtorch 2.10; those of a GPU are copied from its sources and logs. */
class TorchFailuresTest {
    private static final String OUT_OF_MEMORY =
            "CUDA out of memory. Tried to allocate 2.25 GiB. GPU 1 has a total capacity of 39.39 GiB of which 1.02 GiB is"
                    + " free. Including non-PyTorch memory, this process has 38.36 GiB memory in use. Of the allocated"
                    + " memory 36.90 GiB is allocated by PyTorch, and 985.07 MiB is reserved by PyTorch but unallocated."
                    + " If reserved but unallocated memory is large try setting"
                    + " PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True to avoid fragmentation.\n"
                    + "Exception raised from malloc at /pytorch/c10/cuda/CUDACachingAllocator.cpp:1369";

    @Test
    void exhaustedGpuMemoryHasDeviceCapacityAndRequest() {
        DeviceFailure failure = TorchFailures.of(OUT_OF_MEMORY).orElseThrow();
        assertThat(failure.outOfMemory()).isTrue();
        assertThat(failure.reason()).isEqualTo("out of memory on cuda:1 (39.39 GiB), allocating 2.25 GiB");
        assertThat(failure.capacity()).isEqualTo((long) (39.39 * (1L << 30)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    CUDA error: out of memory                                      | out of memory on the GPU
                    CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublas`   | out of memory on the GPU (workspace of a library)
                    cuDNN error: CUDNN_STATUS_ALLOC_FAILED                         | out of memory on the GPU (workspace of a library)
                    [enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 4096 bytes. Error code 12 | out of memory on the CPU, allocating 4096 bytes
                    """)
    void exhaustedMemoryOfOtherKindsHasNoCapacity(String message, String reason) {
        assertThat(TorchFailures.of(message)).contains(new DeviceFailure(true, reason, 0));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    CUDA error: no kernel image is available for execution on the device        | no machine code for the GPU
                    CUDA error: CUDA driver version is insufficient for CUDA runtime version    | the NVIDIA driver is too old
                    The NVIDIA driver on your system is too old (found version 11040).          | the NVIDIA driver is too old
                    CUDA error: no CUDA-capable device is detected                              | libtorch sees no GPU
                    CUDA error: all CUDA-capable devices are busy or unavailable                | used exclusively by another
                    CUDA error: uncorrectable ECC error encountered                             | uncorrectable error
                    CUDA error: an illegal memory access was encountered                        | invalid memory
                    CUDA error: unspecified launch failure                                      | a kernel failed
                    NCCL error in: ProcessGroupNCCL.cpp:3690, unhandled system error            | NCCL cannot exchange data
                    """)
    void errorsOfAGpuAreExplained(String message, String meaning) {
        DeviceFailure failure = TorchFailures.of(message + "\nsecond line").orElseThrow();
        assertThat(failure.outOfMemory()).isFalse();
        assertThat(failure.reason()).contains(meaning).endsWith(message.strip()).hasLineCount(1);
    }

    @Test
    void causesAreSearchedAndDefectsAreNot() {
        var wrapped = new IllegalStateException("step failed", new RuntimeException(OUT_OF_MEMORY));
        assertThat(TorchFailures.of(wrapped)).map(DeviceFailure::outOfMemory).contains(true);
        assertThat(TorchFailures.of(new RuntimeException("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)")))
                .isEqualTo(Optional.empty());
        assertThat(TorchFailures.of(new RuntimeException())).isEmpty();
    }

    @Test
    void anAllocationThatTheCpuRefusesIsRecognized() {
        try {
            org.bytedeco.pytorch.global.torch.empty(1L << 55);
            assertThat(false).as("2^55 floats were allocated").isTrue();
        } catch (RuntimeException e) {
            assertThat(TorchFailures.of(e).orElseThrow().reason()).startsWith("out of memory on the CPU, allocating ");
        }
    }
}
