package org.vit4j.keras;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.vit4j.arch.ModelConfig;
import org.vit4j.config.Config;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Weight;
import org.vit4j.weights.Layout;
import org.vit4j.weights.SafeTensors;

/** A network with the weights of the PyTorch reference, an input and the logits that the reference made of it. */
record Golden(Graph graph, Map<String, float[]> weights, Array input, Array logits) {

    record Array(int[] shape, float[] values) {}

    static Golden read(Path folder, String yaml) {
        ModelConfig model = ModelConfig.read(Config.parse(yaml, "test").root().section("model"))
                .orElseThrow();
        Graph graph = model.build();
        Map<String, SafeTensors.Array> theirs = SafeTensors.read(folder.resolve("weights.safetensors"));
        Map<String, float[]> weights = new LinkedHashMap<>();
        for (Weight weight : graph.weights()) {
            Layout layout = Layout.of(weight, model.keys());
            SafeTensors.Array array = theirs.get(layout.key());
            if (array == null) throw new AssertionError("the reference has no " + layout.key());
            weights.put(weight.name(), layout.toOurs(array.shape(), array.values()));
        }
        Map<String, SafeTensors.Array> io = SafeTensors.read(folder.resolve("io.safetensors"));
        SafeTensors.Array logits = io.get("logits_eval");
        return new Golden(graph, weights, channelsLast(io.get("input")), new Array(logits.shape(), logits.values()));
    }

    private static Array channelsLast(SafeTensors.Array x) {
        int[] s = x.shape();
        int area = s[2] * s[3];
        float[] values = new float[x.values().length];
        for (int n = 0; n < s[0]; n++) {
            for (int c = 0; c < s[1]; c++) {
                for (int p = 0; p < area; p++) {
                    values[(n * area + p) * s[1] + c] = x.values()[(n * s[1] + c) * area + p];
                }
            }
        }
        return new Array(new int[] {s[0], s[2], s[3], s[1]}, values);
    }
}
