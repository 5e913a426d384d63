package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.vit4j.io.RunException;

/** Failures of libtorch during training are one line, which the command line ends with exit code 1 for. */
class TorchDeviceFailuresTest {
    private final RunConfig config = RunConfig.open("vit_base_patch16_224", List.of("train.batch=768"));

    private String line(RuntimeException problem) {
        RuntimeException explained = DeviceFailures.explained(problem, config, 1);
        assertThat(explained).isInstanceOf(RunException.class).hasCause(problem);
        assertThat(explained.getMessage()).hasLineCount(1);
        return explained.getMessage();
    }

    /** By the text of libtorch 2.10: simulated. */
    @Test
    void exhaustedGpuMemoryHasTheEstimateAndABatchThatFits() {
        String message =
                "CUDA out of memory. Tried to allocate 2.25 GiB. GPU 1 has a total capacity of 39.39 GiB of which"
                        + " 1.02 GiB is free.\nException raised from malloc at CUDACachingAllocator.cpp:1369";
        assertThat(line(new RuntimeException(message)))
                .matches(
                        "out of memory on cuda:1 \\(39\\.39 GiB\\), allocating 2\\.25 GiB; train\\.batch=768 needs about"
                                + " 1\\d\\d\\.\\d GiB by estimate; try --set train\\.batch=192 --set train\\.accumulate=4"
                                + " \\(about [23]\\d\\.\\d GiB\\), which gives the same steps");
    }

    /** A real allocation of 2^57 bytes, which the operating system refuses. */
    @Test
    void exhaustedMemoryOfTheCpuHalvesTheBatch() {
        RuntimeException refused = null;
        try {
            torch.empty(1L << 55);
        } catch (RuntimeException e) {
            refused = e;
        }
        assertThat(line(refused))
                .startsWith(
                        "out of memory on the CPU, allocating 144115188075855872 bytes; train.batch=768 needs about")
                .contains("try --set train.batch=384 --set train.accumulate=2");
    }

    /** By the texts of libtorch 2.10: simulated. */
    @Test
    void failingKernelsAndNcclCanBeContinued() {
        assertThat(line(new RuntimeException("CUDA error: an illegal memory access was encountered\nCompile with")))
                .isEqualTo("a kernel accessed invalid memory on the GPU: CUDA error: an illegal memory access was"
                        + " encountered; continue with --resume");
        assertThat(line(new RuntimeException("NCCL error in: ProcessGroupNCCL.cpp:3690, unhandled system error")))
                .startsWith("NCCL cannot exchange data between the GPUs: NCCL error in: ")
                .endsWith("; continue with --resume");
    }
}
