package org.vit4j.backend.torch;

import java.util.Optional;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.Context;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.vit4j.backend.Precision;
import org.vit4j.machine.CpuThreads;

/**
 * Place of the tensors of a graph: the CPU, where they share the memory of ND4J's arrays, or a GPU, where they are copies.
 *
 * @param name libtorch's, {@code cpu} or {@code cuda:N}
 */
record TorchDevice(String name, boolean sharesMemory) {
    static final TorchDevice CPU = new TorchDevice("cpu", true);

    private static final String CUDA = "cuda:";

    static TorchDevice named(String name) {
        return name.equals(CPU.name) ? CPU : new TorchDevice(name, false);
    }

    boolean isCuda() {
        return name.startsWith(CUDA);
    }

    /** Tensor of the same values here; itself if this device shares the host's memory. */
    Tensor tensor(Tensor host) {
        if (sharesMemory) return host;
        return host.to(new Device(name), host.scalar_type(), false, true, new MemoryFormatOptional());
    }

    /**
     * An input of a batch here. The copy to a GPU is by way of page-locked memory and overlaps with the operations that were
     * queued before.
     */
    Tensor input(Tensor host) {
        if (!isCuda()) return tensor(host);
        return host.pin_memory().to(new Device(name), host.scalar_type(), true, true, new MemoryFormatOptional());
    }

    /**
     * An image input of unsigned bytes, normalized here. The values are looked up, so they are those of the table on every device,
     * bit for bit.
     *
     * @param table [C * 256], by channel and byte, on this device
     * @param shape [B, H, W, C]
     */
    Tensor input(Tensor bytes, Tensor table, long... shape) {
        long[] starts =
                LongStream.range(0, shape[shape.length - 1]).map(c -> 256 * c).toArray();
        Tensor entries = input(bytes).to(torch.ScalarType.Int).add(tensor(TorchArrays.vector(starts)));
        return torch.index_select(table, 0, entries.to(torch.ScalarType.Int).view(-1))
                .view(shape);
    }

    /** The reason why it cannot be used, one line; empty if it can. */
    Optional<String> unavailableReason() {
        Optional<String> conflict = TorchInstallation.conflict();
        if (conflict.isPresent()) return conflict;
        try {
            Loader.load(torch.class);
        } catch (LinkageError e) {
            return Optional.of(TorchInstallation.loadReason(e));
        }
        return isCuda() ? cudaReason() : Optional.empty();
    }

    private Optional<String> cudaReason() {
        // Not hasCUDA(), which is also false where CUDA finds no GPU.
        if (!Context.hasCUDART())
            return Optional.of("this build's libtorch has no CUDA; build one with"
                    + " 'mvn -Ptorch,torch-cuda -DskipTests package' (docs/cuda.md)");
        try {
            // Before cuda_device_count(), which prints a warning and returns 0 where this throws.
            torch.globalContext().lazyInitDevice(torch.DeviceType.CUDA);
        } catch (RuntimeException e) {
            var installation = TorchInstallation.ofThisMachine(Context.versionCUDART(), System.getenv());
            return Optional.of(installation.noGpuReason(String.valueOf(e.getMessage())));
        }
        int count = torch.cuda_device_count();
        int index = index();
        if (index >= count)
            return Optional.of(name + " does not exist: libtorch sees " + count + " GPU(s), from cuda:0");
        return Optional.empty();
    }

    private int index() {
        return Integer.parseInt(name.substring(CUDA.length()));
    }

    /**
     * Prepares the process for a pass: by default, libtorch rounds factors of convolutions to TF32 on GPUs. Fused attention is
     * limited to the kernels whose gradients are deterministic.
     */
    void start(Precision precision) {
        torch.set_num_threads(CpuThreads.current());
        if (!isCuda()) return;
        Context context = torch.globalContext();
        context.setAllowTF32CuDNN(precision == Precision.TF32);
        context.setAllowTF32CuBLAS(precision == Precision.TF32);
        context.setSDPUseMemEfficient(false);
        context.setDeterministicAlgorithms(true, true);
    }
}
