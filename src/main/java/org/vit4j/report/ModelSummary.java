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
import org.vit4j.models.ModelConfig;

/**
 * A network as a table of layers and as exact numbers. Loads no native code.
 *
 * @param parameters elements of all weights but BatchNorm statistics
 * @param macs multiply-accumulates of matrix products and convolutions for one image
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

    /** @param output shape without the batch axis */
    public record LayerSummary(String name, String type, List<Integer> output, long parameters, long macs) {}

    public static ModelSummary of(String name, ModelConfig model) {
        Graph graph = model.build();
        List<LayerSummary> layers = new ArrayList<>();
        Set<String> counted = new HashSet<>(); // a shared weight counts where it stands first
        for (Tensor tensor : graph.tensors()) {
            long parameters = tensor.parameters().stream()
                    .filter(weight -> weight.role() != Role.RUNNING_STAT && counted.add(weight.name()))
                    .mapToLong(Parameter::size)
                    .sum();
            String type = tensor.op().getClass().getSimpleName();
            layers.add(new LayerSummary(tensor.name(), type, tensor.shape().dims(), parameters, tensor.macs()));
        }
        return new ModelSummary(
                name,
                model.arch(),
                model.flavor().name().toLowerCase(Locale.ROOT),
                graph.parameterCount(),
                graph.trainableCount(),
                graph.macs(),
                List.of(
                        model.image().channels(),
                        model.image().height(),
                        model.image().width()),
                layers);
    }

    /** For people: one line a layer, then the sums. */
    public String table() {
        int width = layers.stream().mapToInt(layer -> layer.name.length()).max().orElse(0);
        String row = "%-" + width + "s  %-12s %-20s %,14d %,18d%n";
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                Locale.ROOT,
                "%-" + width + "s  %-12s %-20s %14s %18s%n",
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

    /** The numbers without the layers, for lists of models. */
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
