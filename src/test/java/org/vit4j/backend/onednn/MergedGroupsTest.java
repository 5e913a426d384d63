package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
import org.vit4j.backend.RequiresOneDnn;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/** Convolutions of small groups, whose kernels are merged and, if constant, reordered in the first run only. */
@Tag("slow")
@RequiresOneDnn
class MergedGroupsTest {
    private final Graph graph = new Graph(Init.TIMM);
    private final Tensor first = conv("first", graph.input("x", 6, 5, 32));
    private final String second =
            conv("second", graph.activate("relu", first, Activation.RELU)).name();

    /** Eight groups of four channels. */
    private Tensor conv(String name, Tensor x) {
        return graph.conv2d(name, x, 32, new Window(3, 3, 1, 1, 1, 1, 1), 8, true);
    }

    @Test
    void laterRunsWithConstantKernelsEqualRunsThatReorderThem() {
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        try (OneDnnInference constant = new OneDnnInference(graph, parameters, true, Precision.FP32);
                OneDnnInference variable = new OneDnnInference(graph, parameters, false, Precision.FP32)) {
            for (int run = 0; run < 3; run++) {
                Map<String, INDArray> x = Map.of("x", Nd4j.randn(DataType.FLOAT, 2, 6, 5, 32));
                INDArray y = constant.tensor(second, x);
                assertThat(y).isEqualTo(variable.tensor(second, x));
                assertThat(y.amaxNumber().doubleValue()).isGreaterThan(0.01);
            }
        }
    }
}
