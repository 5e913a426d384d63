package org.vit4j.backend.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.FlatArray;
import org.vit4j.backend.ProcessGroup;

/** Ranks that are threads of this process and exchange tensors by Gloo. */
class TorchProcessGroupTest {
    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static <T> List<T> onRanks(int size, Function<ProcessGroup.Membership, T> task) throws IOException {
        int port = freePort();
        List<CompletableFuture<T>> results = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            var membership = new ProcessGroup.Membership(rank, size, "cpu", "127.0.0.1", port);
            results.add(CompletableFuture.supplyAsync(
                    () -> task.apply(membership), started -> new Thread(started).start()));
        }
        return results.stream().map(CompletableFuture::join).toList();
    }

    @Test
    void sumsAndBroadcastsReachAllRanks() throws IOException {
        List<List<Object>> results = onRanks(3, membership -> {
            try (ProcessGroup group = new TorchProcessGroup(membership)) {
                INDArray values = Nd4j.createFromArray(1f * group.rank(), 10f, -1f);
                group.sum(FlatArray.of(values));
                INDArray weights = Nd4j.createFromArray(group.rank() + 5f, 7f);
                try (TorchMemory memory = new TorchMemory()) {
                    group.broadcast(TorchFlatArray.of(TorchDevice.CPU, weights, memory));
                }
                return List.of(
                        List.of(group.rank(), group.size()),
                        List.of(values.toFloatVector()[0], values.toFloatVector()[1]),
                        weights.getFloat(0),
                        group.sum(0.5, group.rank())[0],
                        group.broadcast("rank " + group.rank() + " \u00e9"));
            }
        });
        for (int rank = 0; rank < 3; rank++)
            assertThat(results.get(rank))
                    .isEqualTo(List.of(List.of(rank, 3), List.of(3f, 30f), 5f, 1.5, "rank 0 \u00e9"));
    }
}
