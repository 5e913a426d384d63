package org.vit4j.report;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.models.Model;

/**
 * Table of a network's layers with shapes, parameter counts and multiply-accumulates. Loads no native code.
 *
 * @param parameters number of parameter elements, without BatchNorm statistics
 * @param macs multiply-accumulates of matrix products and convolutions for one image
 * @param input [C, H, W]
 */
public record ModelSummary(
        String name,
        String arch,
        String flavor,
        long parameters,
        long trainable,
        long macs,
        List<Integer> input,
        List<LayerSummary> layers) {

    /**
     * One row of the table.
     *
     * @param output shape without the batch axis
     */
    public record LayerSummary(String name, String type, List<Integer> output, long parameters, long macs) {}

    /** Builds the graph of a model and summarizes it. */
    public static ModelSummary of(String name, Model model) {
        Graph graph = model.graph();
        List<LayerSummary> layers = new ArrayList<>();
        Set<String> counted = new HashSet<>(); // a shared parameter is counted at its first use
        for (Tensor tensor : graph.tensors()) {
            long parameters = tensor.parameters().stream()
                    .filter(p -> p.role() != Role.RUNNING_STAT && counted.add(p.name()))
                    .mapToLong(Parameter::size)
                    .sum();
            String type = tensor.op().getClass().getSimpleName();
            layers.add(new LayerSummary(tensor.name(), type, tensor.shape().dims(), parameters, tensor.macs()));
        }
        return new ModelSummary(
                name,
                model.arch(),
                model.config().flavor().name().toLowerCase(Locale.ROOT),
                graph.parameterCount(),
                graph.trainableCount(),
                graph.macs(),
                List.of(
                        model.image().channels(),
                        model.image().height(),
                        model.image().width()),
                layers);
    }

    /** Formats the summary as text: one line per layer, then the totals. */
    public String table() {
        int width = layers.stream().mapToInt(layer -> layer.name.length()).max().orElse(0);
        String row = "%-" + width + "s  %-18s %-20s %,14d %,18d%n";
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                Locale.ROOT,
                "%-" + width + "s  %-18s %-20s %14s %18s%n",
                "tensor",
                "operation",
                "output",
                "parameters",
                "MACs"));
        for (LayerSummary l : layers) {
            text.append(String.format(Locale.ROOT, row, l.name, l.type, l.output, l.parameters, l.macs));
        }
        text.append(String.format(
                Locale.ROOT,
                "%n%s: %s (%s), input %s%nparameters %,d   trainable %,d   MACs %,d%n",
                name,
                arch,
                flavor,
                input,
                parameters,
                trainable,
                macs));
        return text.toString();
    }

    /** Returns the totals without the layers, for JSON lists of models. */
    public Map<String, Object> headline() {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("name", name);
        line.put("arch", arch);
        line.put("flavor", flavor);
        line.put("parameters", parameters);
        line.put("macs", macs);
        line.put("input", input);
        return line;
    }
}
