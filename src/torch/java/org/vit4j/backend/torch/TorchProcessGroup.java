package org.vit4j.backend.torch;

import java.time.Duration;
import java.util.function.Supplier;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.Backend;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.nccl.ProcessGroupNCCL;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.FlatArray;
import org.vit4j.backend.ProcessGroup;

/** Processes that exchange tensors by libtorch: by Gloo on the CPU, by NCCL on GPUs. */
final class TorchProcessGroup implements ProcessGroup {
    /** Longest wait for another process, which may validate meanwhile. */
    private static final Duration TIMEOUT = Duration.ofHours(1);

    private final Membership membership;
    private final TorchDevice device;
    private final Store store;
    private final Backend group;

    /** Waits for all processes. */
    TorchProcessGroup(Membership membership) {
        this.membership = membership;
        this.device = TorchDevice.named(membership.device());
        TCPStoreOptions options = new TCPStoreOptions()
                .port((short) membership.port()) // unsigned in C++
                .isServer(membership.rank() == 0)
                .waitWorkers(false);
        this.store = guarded(
                "connect to " + membership.address() + ":" + membership.port(),
                () -> new TCPStore(membership.address(), options));
        this.group = guarded("connect", this::connect);
        sum(0.0);
    }

    private Backend connect() {
        Milliseconds timeout = new Milliseconds(TIMEOUT.toMillis());
        int rank = membership.rank();
        int size = membership.size();
        if (device.isCuda()) {
            ProcessGroupNCCL.Options options = new ProcessGroupNCCL.Options();
            options.timeout(timeout);
            return new ProcessGroupNCCL(store, rank, size, options);
        }
        try (ProcessGroupGloo.Options options = ProcessGroupGloo.Options.create(timeout);
                var transport = ProcessGroupGloo.createDefaultDevice()) {
            options.devices().push_back(transport);
            return new ProcessGroupGloo(store, rank, size, options);
        }
    }

    private <T> T guarded(String action, Supplier<T> call) {
        try {
            return call.get();
        } catch (RuntimeException e) {
            throw new GroupException(
                    "process " + membership.rank() + " of " + membership.size() + " cannot " + action
                            + ": another process has ended or cannot be reached ("
                            + TorchFailures.firstLine(e) + ")",
                    e);
        }
    }

    @Override
    public int rank() {
        return membership.rank();
    }

    @Override
    public int size() {
        return membership.size();
    }

    @Override
    public String device() {
        return membership.device();
    }

    @Override
    public void sum(FlatArray values) {
        exchange("sum gradients", values, group::allreduce);
    }

    @Override
    public void broadcast(FlatArray values) {
        exchange("receive weights", values, group::broadcast);
    }

    /** Runs an operation on a tensor of this device in place; other arrays are copied to it. */
    private void exchange(String action, FlatArray values, Collective operation) {
        if (values instanceof TorchFlatArray flat) {
            guarded(action, () -> run(operation, flat.tensor()));
            return;
        }
        INDArray dense = TorchArrays.dense(values.host());
        exchange(action, TorchArrays.shared(dense, values.length()), operation);
        values.setHost(dense);
    }

    @Override
    public double[] sum(double... values) {
        if (values.length == 0) return values;
        double[] sums = new double[values.length];
        try (DoublePointer memory = new DoublePointer(values);
                PointerScope scope = TorchArrays.scope()) {
            TensorOptions doubles = new TensorOptions(torch.ScalarType.Double);
            Tensor tensor = torch.from_blob(memory, new long[] {values.length}, doubles);
            exchange("exchange results", tensor, group::allreduce);
            memory.get(sums);
        }
        return sums;
    }

    /** A collective operation on tensors. */
    private interface Collective {
        Work start(TensorVector tensors);
    }

    /** Runs an operation on a tensor on the host, which takes the result. */
    private void exchange(String action, Tensor host, Collective operation) {
        guarded(action, () -> {
            try (PointerScope scope = TorchArrays.scope()) {
                Tensor here = device.tensor(host);
                run(operation, here);
                if (!device.sharesMemory()) host.copy_(here);
                return true;
            }
        });
    }

    private static boolean run(Collective operation, Tensor here) {
        // Closed here: it shares the connections of the group, which would otherwise be freed by Java's collector, at
        // any time.
        try (PointerScope scope = TorchArrays.scope();
                Work work = operation.start(new TensorVector(here))) {
            return work._wait();
        }
    }

    @Override
    public void close() {
        group.close();
        store.close();
    }
}
