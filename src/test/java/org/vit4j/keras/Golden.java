package org.vit4j.keras;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.vit4j.arch.ModelConfig;
import org.vit4j.config.Config;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Weight;

/** A network with the weights of the PyTorch reference, an input and the logits that the reference made of it. */
record Golden(Graph graph, Map<String, float[]> weights, Array input, Array logits) {

    record Array(int[] shape, float[] values) {}

    static Golden read(Path folder, String yaml) throws IOException {
        ModelConfig model = ModelConfig.read(Config.parse(yaml, "test").root().section("model"))
                .orElseThrow();
        Graph graph = model.build();
        Map<String, Array> theirs = safetensors(folder.resolve("weights.safetensors"));
        Map<String, float[]> weights = new LinkedHashMap<>();
        for (Weight weight : graph.weights()) {
            String key = key(weight, model);
            Array array = theirs.get(key);
            if (array == null) throw new AssertionError("the reference has no " + key);
            weights.put(weight.name(), ours(weight, array));
        }
        Map<String, Array> io = safetensors(folder.resolve("io.safetensors"));
        return new Golden(graph, weights, channelsLast(io.get("input")), io.get("logits_eval"));
    }

    private static String key(Weight weight, ModelConfig model) {
        String name = weight.name();
        int dot = name.lastIndexOf('.');
        String leaf = switch (name.substring(dot + 1)) {
            case "kernel" -> "weight";
            case "gamma" -> weight.role() == Role.LAYER_SCALE ? "gamma" : "weight";
            case "beta", "bias" -> "bias";
            default -> "";
        };
        return leaf.isEmpty() ? model.keys().theirs(name) : model.keys().theirs(name.substring(0, dot)) + "." + leaf;
    }

    private static float[] ours(Weight weight, Array theirs) {
        Shape shape = weight.shape();
        if (weight.role() != Role.KERNEL) return theirs.values();
        int out = shape.last();
        if (theirs.shape().length == 2) return transposed(theirs.values(), out);
        int area = shape.dim(0) * shape.dim(1);
        float[] ours = new float[theirs.values().length]; // OIHW -> HWIO
        for (int o = 0; o < out; o++) {
            for (int i = 0; i < shape.dim(2); i++) {
                for (int p = 0; p < area; p++) {
                    ours[(p * shape.dim(2) + i) * out + o] = theirs.values()[(o * shape.dim(2) + i) * area + p];
                }
            }
        }
        return ours;
    }

    private static float[] transposed(float[] values, int rows) {
        int columns = values.length / rows;
        float[] transposed = new float[values.length];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) transposed[c * rows + r] = values[r * columns + c];
        }
        return transposed;
    }

    private static Array channelsLast(Array x) {
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

    private static Map<String, Array> safetensors(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int header = (int) bytes.getLong();
        byte[] text = new byte[header];
        bytes.get(text);
        Map<String, Array> arrays = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> e : new ObjectMapper()
                .readTree(new String(text, StandardCharsets.UTF_8))
                .properties()) {
            if (!e.getValue().path("dtype").asText().equals("F32")) continue;
            int from = 8 + header + e.getValue().path("data_offsets").path(0).asInt();
            int to = 8 + header + e.getValue().path("data_offsets").path(1).asInt();
            float[] values = new float[(to - from) / 4];
            bytes.slice(from, to - from)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .get(values);
            JsonNode shape = e.getValue().path("shape");
            int[] dims = new int[shape.size()];
            for (int i = 0; i < dims.length; i++) dims[i] = shape.get(i).asInt();
            arrays.put(e.getKey(), new Array(dims, values));
        }
        return arrays;
    }
}
