package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.graph.Shape;

/** Golden case: a folder with config.json, weights.safetensors and io.safetensors. */
record GoldenCase(
        String name,
        JsonNode config,
        Map<String, SafeTensors.NamedValues> weights,
        Map<String, SafeTensors.NamedValues> io) {

    static GoldenCase read(Path folder) throws IOException {
        return new GoldenCase(
                folder.getFileName().toString(),
                new ObjectMapper().readTree(folder.resolve("config.json").toFile()),
                SafeTensors.read(folder.resolve("weights.safetensors")),
                SafeTensors.read(folder.resolve("io.safetensors")));
    }

    /** This case with images that differ from the stored ones by at most a part of 1/512 of each value, the rounding of bfloat16. */
    GoldenCase withImagesRoundedAtRandom(Random random) {
        SafeTensors.NamedValues images = io.get("input");
        float[] changed = images.values().clone();
        for (int i = 0; i < changed.length; i++) changed[i] *= (float) (1 + (2 * random.nextDouble() - 1) / 512);
        Map<String, SafeTensors.NamedValues> inputs = new LinkedHashMap<>(io);
        inputs.put("input", new SafeTensors.NamedValues(images.shape(), changed));
        return new GoldenCase(name, config, weights, inputs);
    }

    String architecture() {
        return config.path("architecture").asText();
    }

    /** Returns true for a block, false for a complete network. */
    boolean isModule() {
        return config.path("kind").asText().equals("module");
    }

    /**
     * Returns false for the flavor "seed" (community); "seed+official" and "both" denote code that both flavors share.
     */
    boolean official() {
        return config.path("flavour").asText().contains("official");
    }

    /** Arguments of the reference constructor: the given ones and the defaults of the others. */
    Map<String, JsonNode> hyperparameters() {
        Map<String, JsonNode> all = new LinkedHashMap<>();
        config.path("hyperparameters_left_at_default").properties().forEach(e -> all.put(e.getKey(), e.getValue()));
        config.path("hyperparameters").properties().forEach(e -> all.put(e.getKey(), e.getValue()));
        return all;
    }

    Set<String> names(String list) {
        Set<String> names = new TreeSet<>();
        config.path(list).forEach(name -> names.add(name.asText()));
        return names;
    }

    INDArray tensor(String name) {
        SafeTensors.NamedValues array = io.get(name);
        if (array == null) throw new AssertionError(this.name + ": io.safetensors has no '" + name + "'");
        long[] shape = java.util.Arrays.stream(array.shape()).asLongStream().toArray();
        return Nd4j.createFromArray(array.values()).reshape('c', shape);
    }

    /** Returns a tensor of the golden in the layout of the graph: images [N, C, H, W] become [N, H, W, C]. */
    INDArray inGraphLayout(String name, Shape shape) {
        INDArray tensor = tensor(name);
        boolean image =
                tensor.rank() == 4 && shape.rank() == 3 && !name.contains("attn") && !name.contains("attention");
        INDArray array = image ? tensor.permute(0, 2, 3, 1).dup('c') : tensor;
        if (array.length() != array.size(0) * shape.size()) {
            throw new AssertionError(this.name + ": " + name + " is " + java.util.Arrays.toString(tensor.shape())
                    + ", expected " + shape);
        }
        return array;
    }
}
