package org.vit4j.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Backend;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.RequiresOneDnn;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Op;
import org.vit4j.graph.Tensor;
import org.vit4j.machine.CpuThreads;

/** Concurrent calls of one inference give the results of sequential calls bit for bit, without growth of memory. */
@RequiresOneDnn
class ConcurrentInferenceTest {
    private static final int CALLERS = 4;
    private static final int IMAGES = 6;
    private static final int ROUNDS = 5;

    @ParameterizedTest
    @ValueSource(strings = {"vit_o_1", "levit_o_1", "cvt_o_1"})
    void concurrentCallsEqualSequentialCalls(String name) throws Exception {
        Graph graph = graph(name);
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(5);
        ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
        try (Inference inference = Backend.ONEDNN.fixedInference(graph, parameters)) {
            List<Map<String, INDArray>> images = new ArrayList<>();
            List<float[]> expected = new ArrayList<>();
            int threads = CpuThreads.current();
            CpuThreads.use(1); // as in the callers
            for (int i = 0; i < IMAGES; i++) {
                images.add(image(graph, i));
                expected.add(logits(inference, graph, images.get(i)));
            }
            CpuThreads.use(threads);
            long afterFirstRound = 0;
            for (int round = 0; round < ROUNDS; round++) {
                List<Future<List<float[]>>> results = new ArrayList<>();
                for (int caller = 0; caller < CALLERS; caller++) {
                    results.add(callers.submit(() -> all(inference, graph, images)));
                }
                for (Future<List<float[]>> result : results) {
                    for (int i = 0; i < IMAGES; i++)
                        assertThat(result.get().get(i)).isEqualTo(expected.get(i));
                }
                if (round == 0) afterFirstRound = Pointer.totalBytes();
            }
            assertThat(Pointer.totalBytes()).isLessThanOrEqualTo(afterFirstRound + (1 << 20));
        } finally {
            callers.shutdown();
        }
    }

    private static Graph graph(String name) throws IOException {
        return GoldenConfigs.build(GoldenCase.read(GoldenTest.directory().resolve(name)))
                .graph();
    }

    private static Map<String, INDArray> image(Graph graph, int seed) {
        Nd4j.getRandom().setSeed(seed);
        Map<String, INDArray> inputs = new HashMap<>();
        for (Tensor t : graph.tensors()) {
            if (t.op() instanceof Op.Input)
                inputs.put(t.name(), Nd4j.randn(DataType.FLOAT, t.shape().batched(1)));
        }
        return inputs;
    }

    private static List<float[]> all(Inference inference, Graph graph, List<Map<String, INDArray>> images) {
        CpuThreads.use(1);
        return images.stream().map(image -> logits(inference, graph, image)).toList();
    }

    private static float[] logits(Inference inference, Graph graph, Map<String, INDArray> image) {
        String name = graph.outputs().values().iterator().next().name();
        try (INDArray logits = inference.tensor(name, image)) {
            return logits.data().asFloat();
        }
    }
}
