package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
import org.vit4j.backend.RequiresOneDnn;
import org.vit4j.graph.Graph;
import org.vit4j.run.RunConfig;

/**
 * No plan has a reference kernel of oneDNN, which takes ten to a hundred times as long as a compiled one. oneDNN falls back to
 * one without a word when no other accepts types, strides or sizes.
 */
@Tag("slow")
@RequiresOneDnn
class ReferenceKernelsTest {
    /** Among them the numbers of tokens of the networks, where strides of several axes are equal. */
    private static final List<Integer> BATCHES = List.of(1, 2, 3, 4, 8, 16, 17, 49, 50, 64, 65, 197);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "digits-cait",
                "digits-ceit",
                "digits-crossvit",
                "digits-cvt",
                "digits-deepvit",
                "digits-deit-distilled",
                "digits-levit",
                "digits-pit",
                "digits-resnet",
                "digits-t2t_vit",
                "digits-vit",
                "digits-vitae",
                "levit_128s"
            })
    void plansHaveCompiledKernelsOnly(String config) {
        Graph graph = RunConfig.open(config, List.of()).model().graph();
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        List<String> found = new ArrayList<>();
        for (Precision precision : Dnnl.hasBf16() ? List.of(Precision.FP32, Precision.BF16) : List.of(Precision.FP32)) {
            for (int batch : BATCHES) {
                try (PackedWeights packed = new PackedWeights();
                        OneDnnPlan constant = inference(graph, parameters, packed, precision, batch);
                        OneDnnPlan variable = inference(graph, parameters, null, precision, batch)) {
                    references(constant)
                            .forEach(step -> found.add(precision + ", inference of " + batch + ": " + step));
                    references(variable)
                            .forEach(step -> found.add(precision + ", evaluation of " + batch + ": " + step));
                }
                if (batch > 64) continue;
                try (OneDnnPlan training = training(graph, parameters, precision, batch)) {
                    references(training).forEach(step -> found.add(precision + ", training of " + batch + ": " + step));
                }
            }
        }
        assertThat(found).isEmpty();
    }

    /** @param packed cache of constant weights; null if weights may change */
    private static OneDnnPlan inference(
            Graph graph, ParameterStore parameters, PackedWeights packed, Precision precision, int batch) {
        return OneDnnPlanner.inference(
                graph,
                parameters,
                packed,
                precision,
                batch,
                List.of(graph.logits().name()));
    }

    private static OneDnnPlan training(Graph graph, ParameterStore parameters, Precision precision, int batch) {
        List<String> logits = List.of(graph.logits().name());
        INDArray gradient = Nd4j.create(DataType.FLOAT, parameters.trainable().length());
        var spec = new GradientStep.GradientSpec(network -> null, List.of());
        return OneDnnPlanner.training(
                graph, parameters, Mode.TRAINING, batch, logits, logits, gradient, precision, spec);
    }

    private static Stream<String> references(OneDnnPlan plan) {
        return plan.steps().stream()
                .filter(step ->
                        Stream.of(step.implementation().split("\\+")).anyMatch(kernel -> kernel.startsWith("ref")))
                .map(step -> step.kind() + " " + step.arrays());
    }
}
