package org.vit4j.export;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.vit4j.checkpoint.CheckpointLayout;
import org.vit4j.checkpoint.DType;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Tensor;
import org.vit4j.io.AtomicFiles;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.SavedModel;

/**
 * Exports the state dict of the reference implementation (timm, or the authors' code if timm has no such network), for
 * {@code load_state_dict(strict=True)}. Inverse of {@code vit4j import}, bit for bit.
 */
public final class SafeTensorsExport {
    private SafeTensorsExport() {}

    /**
     * @param names naming scheme, see {@link ModelExporter.ExportOptions}
     * @throws ConfigError if the network has no such scheme
     * @throws org.vit4j.io.RunException if the file cannot be written
     */
    public static void write(SavedModel model, Path file, Optional<String> names) {
        write(model.graph(), scheme(model.description(), names), model.parameters()::values, file);
    }

    private static CheckpointNames scheme(ModelDescription description, Optional<String> requested) {
        List<CheckpointNames> schemes =
                NameSchemes.of(description.model().config()).published();
        String imported = description.provenance().getOrDefault("imported_names", "");
        for (CheckpointNames scheme : schemes) {
            if (scheme.name().equals(requested.orElse(imported))) return scheme;
        }
        if (requested.isEmpty()) return schemes.get(0);
        String known = schemes.stream().map(CheckpointNames::name).distinct().collect(Collectors.joining(", "));
        throw new ConfigError(
                "--names " + requested.get() + ": unknown scheme for this network; expected one of " + known);
    }

    /**
     * Exports the given weights.
     *
     * @param weights row-major values by vit4j name; called once for each parameter
     */
    public static void write(Graph graph, CheckpointNames keys, Function<String, float[]> weights, Path file) {
        List<SafeTensors.TensorSource> sources = sources(graph, keys, weights);
        // PyTorch readers of the format expect "pt".
        AtomicFiles.write(file, temporary -> SafeTensors.write(temporary, sources, Map.of("format", "pt")));
    }

    private static List<SafeTensors.TensorSource> sources(
            Graph graph, CheckpointNames keys, Function<String, float[]> weights) {
        Map<String, SafeTensors.TensorSource> sources = new LinkedHashMap<>();
        for (Tensor tensor : graph.tensors()) {
            for (Parameter parameter : tensor.parameters()) {
                putParameter(sources, tensor, parameter, keys, weights);
            }
            if (tensor.op() instanceof NormOp.BatchNorm) put(sources, counter(tensor, keys));
            if (tensor.op() instanceof AttentionOp.RelativeBias bias) putIndex(sources, tensor, bias, keys);
        }
        for (CheckpointNames.UnusedNorm norm : keys.unused()) {
            put(sources, filled(norm.module() + ".weight", norm.width(), 1));
            put(sources, filled(norm.module() + ".bias", norm.width(), 0));
        }
        List<SafeTensors.TensorSource> sorted = new ArrayList<>(sources.values());
        // Tensors with 8-byte elements first, so that all tensors are aligned.
        sorted.sort(Comparator.comparing((SafeTensors.TensorSource source) -> source.type() != DType.I64));
        return sorted;
    }

    /** Adds a tensor unless present: layers may share a parameter. */
    private static void put(Map<String, SafeTensors.TensorSource> sources, SafeTensors.TensorSource source) {
        sources.putIfAbsent(source.name(), source);
    }

    private static void putParameter(
            Map<String, SafeTensors.TensorSource> sources,
            Tensor owner,
            Parameter parameter,
            CheckpointNames keys,
            Function<String, float[]> weights) {
        CheckpointLayout layout = CheckpointLayout.of(parameter, keys);
        int[] fullShape = layout.checkpointShape(owner.op());
        int parts = layout.keys().size();
        int[] shape = fullShape.clone();
        shape[0] /= parts;
        for (int i = 0; i < parts; i++) {
            int part = i;
            put(sources, new SafeTensors.TensorSource(layout.keys().get(part), shape, () -> {
                float[] values = layout.toCheckpoint(fullShape, weights.apply(parameter.name()));
                int rows = values.length / parts;
                return parts == 1 ? values : Arrays.copyOfRange(values, part * rows, (part + 1) * rows);
            }));
        }
    }

    /** PyTorch's batch counter, which is unused with a fixed momentum. */
    private static SafeTensors.TensorSource counter(Tensor norm, CheckpointNames keys) {
        String mean = CheckpointLayout.of(norm.parameters().get(2), keys).key();
        String module = mean.substring(0, mean.lastIndexOf('.') + 1);
        return SafeTensors.TensorSource.longs(module + "num_batches_tracked", new int[0], 0);
    }

    /** Index buffer of a relative position bias, if the reference implementation stores one. */
    private static void putIndex(
            Map<String, SafeTensors.TensorSource> sources,
            Tensor tensor,
            AttentionOp.RelativeBias bias,
            CheckpointNames keys) {
        String name = tensor.parameters().get(0).name() + ".index";
        CheckpointNames.RenamedKey renamed = keys.toCheckpoint(name);
        if (renamed.matched() < name.length()) return;
        int[] shape = {tensor.dim(1), tensor.dim(2)};
        long[] index = IntStream.of(bias.index()).asLongStream().toArray();
        put(sources, SafeTensors.TensorSource.longs(renamed.checkpointKeys().get(0), shape, index));
    }

    private static SafeTensors.TensorSource filled(String key, int width, float value) {
        float[] values = new float[width];
        Arrays.fill(values, value);
        return new SafeTensors.TensorSource(key, new int[] {width}, () -> values);
    }
}
