package org.vit4j.golden;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.vit4j.backend.LossInputs;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.graph.Graph;

/**
 * Graph of a case and the tensors that are compared.
 *
 * @param inputs input of the golden -> input of the graph
 * @param evaluated output ({@code logits} for {@code logits_eval}) or attention map ({@code attn/0}) of the golden ->
 *     tensor, in evaluation mode
 * @param trained output of the golden -> tensor, in training mode
 * @param losses losses whose gradients are compared
 * @param others further graphs with the same parameters, compared in evaluation mode only: a student without its token
 */
record GoldenGraph(
        Graph graph,
        CheckpointNames keys,
        Map<String, String> inputs,
        Map<String, String> evaluated,
        Map<String, String> trained,
        List<GoldenLoss> losses,
        Map<Graph, Map<String, String>> others) {

    /**
     * @param name empty for {@code loss_train} and {@code grad/}, "hard" for {@code loss_hard_train} and {@code
     *     grad_hard/}
     */
    record GoldenLoss(String name, GoldenLossFunction maker) {
        /** Builds the loss; values of the golden become constants. */
        interface GoldenLossFunction {
            SDVariable make(LossInputs network, GoldenCase golden);
        }

        String value() {
            return name.isEmpty() ? "loss_train" : "loss_" + name + "_train";
        }

        String gradients() {
            return name.isEmpty() ? "grad/" : "grad_" + name + "/";
        }
    }

    /** Classifier with the output {@code logits} and cross entropy; {@code maps} are further tensors to compare. */
    static GoldenGraph classifier(Graph graph, CheckpointNames keys, Map<String, String> maps) {
        Map<String, String> evaluated = new LinkedHashMap<>(maps);
        String logits = graph.outputs().get("logits").name();
        evaluated.put("logits", logits);
        return new GoldenGraph(
                graph,
                keys,
                Map.of("input", "image"),
                evaluated,
                Map.of("logits", logits),
                List.of(new GoldenLoss("", GoldenLosses::crossEntropy)),
                Map.of());
    }

    /** Module whose outputs have the names of the golden; the loss is the sum of outputs times probes. */
    static GoldenGraph module(Graph graph, CheckpointNames keys, String... inputs) {
        Map<String, String> in = new LinkedHashMap<>();
        for (String input : inputs) in.put(input, input);
        Map<String, String> outputs = new LinkedHashMap<>();
        graph.outputs().forEach((name, tensor) -> outputs.put(name, tensor.name()));
        GoldenLoss loss = new GoldenLoss("", GoldenLosses::probed);
        return new GoldenGraph(graph, keys, in, outputs, outputs, List.of(loss), Map.of());
    }
}
