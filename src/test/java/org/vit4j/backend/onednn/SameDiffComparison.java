package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.DropMaskSpecs;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.LossInputs;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
import org.vit4j.backend.samediff.SameDiffGradientStep;
import org.vit4j.backend.samediff.SameDiffInference;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Op;
import org.vit4j.graph.Tensor;
import org.vit4j.train.DropoutMasks;

/** Compares a graph on this backend with the SameDiff backend, for random parameters and inputs. */
final class SameDiffComparison {
    private SameDiffComparison() {}

    private static ParameterStore parameters(Graph graph) {
        Nd4j.getRandom().setSeed(1);
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        return parameters;
    }

    private static Map<String, INDArray> inputs(Graph graph, int images) {
        Map<String, INDArray> inputs = new HashMap<>();
        for (Tensor t : graph.tensors())
            if (t.op() instanceof Op.Input)
                inputs.put(t.name(), Nd4j.randn(DataType.FLOAT, t.shape().batched(images)));
        return inputs;
    }

    /** Compares a tensor in inference with float32. */
    static void assertSameTensor(Graph graph, int images, String tensor) {
        assertSameTensor(graph, images, Precision.FP32, tensor, 1e-4);
    }

    /** Compares a tensor in inference. */
    static void assertSameTensor(Graph graph, int images, Precision precision, String tensor, double tolerance) {
        ParameterStore parameters = parameters(graph);
        Map<String, INDArray> inputs = inputs(graph, images);
        try (var reference = new SameDiffInference(graph, parameters);
                var inference = new OneDnnInference(graph, parameters, true, precision)) {
            INDArray expected = reference.tensor(tensor, inputs);
            double error =
                    inference.tensor(tensor, inputs).sub(expected).amaxNumber().doubleValue();
            assertThat(error)
                    .as(tensor)
                    .isLessThan(tolerance * expected.amaxNumber().doubleValue());
        }
    }

    /** Compares the gradients of a weighted sum of the logits with respect to all parameters. */
    static void assertSameGradient(Graph graph, int images, Precision precision, double tolerance) {
        INDArray factors = Nd4j.randn(DataType.FLOAT, graph.logits().shape().batched(images));
        assertSameGradient(
                graph,
                images,
                network -> network.output(Graph.LOGITS)
                        .mul(network.sd().constant("factors", factors))
                        .sum(),
                List.of(),
                precision,
                tolerance);
    }

    /** Compares the gradients of a loss with respect to all parameters and some tensors. */
    static void assertSameGradient(
            Graph graph,
            int images,
            Function<LossInputs, SDVariable> loss,
            List<String> gradientsOf,
            Precision precision,
            double tolerance) {
        ParameterStore parameters = parameters(graph);
        Map<String, INDArray> inputs = inputs(graph, images);
        DropoutMasks.draw(DropMaskSpecs.of(graph), 1, 0, images, inputs);
        var spec = new GradientStep.GradientSpec(loss, List.of(), gradientsOf);
        try (GradientStep reference = new SameDiffGradientStep(graph, parameters, Mode.TRAINING, spec);
                GradientStep step = new OneDnnGradientStep(graph, parameters, Mode.TRAINING, spec, precision)) {
            reference.run(inputs);
            step.run(inputs);
            double largest = reference.flatGradient().amaxNumber().doubleValue();
            assertThat(largest).isGreaterThan(0.1);
            parameters.offsets().keySet().forEach(name -> {
                INDArray expected = reference.gradientOf(name);
                double size = Math.max(expected.amaxNumber().doubleValue(), 1e-2 * largest);
                assertThat(step.gradientOf(name).sub(expected).amaxNumber().doubleValue())
                        .as(name)
                        .isLessThan(tolerance * size);
            });
            for (String tensor : gradientsOf) {
                INDArray actual = step.gradientOfTensor(tensor);
                INDArray expected = reference.gradientOfTensor(tensor).reshape(actual.shape());
                assertThat(actual.sub(expected).amaxNumber().doubleValue())
                        .as(tensor)
                        .isLessThan(tolerance * expected.amaxNumber().doubleValue());
            }
        }
    }
}
