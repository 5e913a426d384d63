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
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Tensor;
import org.vit4j.io.AtomicFiles;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.SavedModel;
import org.vit4j.models.CheckpointNames;

/**
 * The state dict that the code behind a flavor has: timm's, or the authors' where timm has no such network, for {@code
 * load_state_dict(strict=True)} there. The reverse of {@code vit4j import}, bit for bit.
 */
public final class SafeTensorsExport {
    private SafeTensorsExport() {}

    /**
     * @param names whose names, see {@link ModelExporter.ExportOptions}
     * @throws ConfigError when there is no such scheme for the network
     * @throws org.vit4j.io.RunException when it cannot be written
     */
    public static void write(SavedModel model, Path file, Optional<String> names) {
        write(model.graph(), scheme(model.description(), names), model.parameters()::values, file);
    }

    private static CheckpointNames scheme(ModelDescription description, Optional<String> wanted) {
        List<CheckpointNames> schemes = description.model().schemes();
        String told = description.provenance().getOrDefault("imported_names", "");
        for (CheckpointNames scheme : schemes) {
            if (scheme.name().equals(wanted.orElse(told))) return scheme;
        }
        if (wanted.isEmpty()) return schemes.get(0);
        String known = schemes.stream().map(CheckpointNames::name).distinct().collect(Collectors.joining(", "));
        throw new ConfigError("--names " + wanted.get() + ": this network has no such names; expected " + known);
    }

    /**
     * The same of any weights.
     *
     * @param weights by our names, row by row; asked once for each
     */
    public static void write(Graph graph, CheckpointNames keys, Function<String, float[]> weights, Path file) {
        List<SafeTensors.TensorSource> sources = sources(graph, keys, weights);
        // "pt" is what PyTorch's readers of the format want to see.
        AtomicFiles.write(file, temporary -> SafeTensors.write(temporary, sources, Map.of("format", "pt")));
    }

    private static List<SafeTensors.TensorSource> sources(
            Graph graph, CheckpointNames keys, Function<String, float[]> weights) {
        Map<String, SafeTensors.TensorSource> sources = new LinkedHashMap<>();
        for (Tensor tensor : graph.tensors()) {
            for (Parameter weight : tensor.parameters()) weight(sources, tensor, weight, keys, weights);
            if (tensor.op() instanceof ImageOp.BatchNorm) put(sources, counter(tensor, keys));
            if (tensor.op() instanceof HeadOp.RelativeBias bias) index(sources, tensor, bias, keys);
        }
        for (CheckpointNames.UnusedNorm norm : keys.unused()) {
            put(sources, filled(norm.module() + ".weight", norm.width(), 1));
            put(sources, filled(norm.module() + ".bias", norm.width(), 0));
        }
        List<SafeTensors.TensorSource> all = new ArrayList<>(sources.values());
        // Longer numbers first, so that all of them are aligned.
        all.sort(Comparator.comparing((SafeTensors.TensorSource source) -> source.type() != DType.I64));
        return all;
    }

    /** Layers may share a weight. */
    private static void put(Map<String, SafeTensors.TensorSource> sources, SafeTensors.TensorSource source) {
        sources.putIfAbsent(source.name(), source);
    }

    private static void weight(
            Map<String, SafeTensors.TensorSource> sources,
            Tensor owner,
            Parameter weight,
            CheckpointNames keys,
            Function<String, float[]> weights) {
        CheckpointLayout layout = CheckpointLayout.of(weight, keys);
        int[] whole = layout.theirs(owner.op());
        int parts = layout.keys().size();
        int[] shape = whole.clone();
        shape[0] /= parts;
        for (int i = 0; i < parts; i++) {
            int part = i;
            put(sources, new SafeTensors.TensorSource(layout.keys().get(part), shape, () -> {
                float[] values = layout.toTheirs(whole, weights.apply(weight.name()));
                int rows = values.length / parts;
                return parts == 1 ? values : Arrays.copyOfRange(values, part * rows, (part + 1) * rows);
            }));
        }
    }

    /** PyTorch counts the batches a norm has seen and, with a fixed momentum, never asks. */
    private static SafeTensors.TensorSource counter(Tensor norm, CheckpointNames keys) {
        String mean = CheckpointLayout.of(norm.parameters().get(2), keys).key();
        String module = mean.substring(0, mean.lastIndexOf('.') + 1);
        return SafeTensors.TensorSource.longs(module + "num_batches_tracked", new int[0], 0);
    }

    /** Where their code keeps what each score looks up. */
    private static void index(
            Map<String, SafeTensors.TensorSource> sources,
            Tensor tensor,
            HeadOp.RelativeBias bias,
            CheckpointNames keys) {
        String name = tensor.parameters().get(0).name() + ".index";
        CheckpointNames.RenamedKey renamed = keys.toCheckpoint(name);
        if (renamed.matched() < name.length()) return;
        int[] shape = {tensor.dim(1), tensor.dim(2)};
        long[] index = IntStream.of(bias.index()).asLongStream().toArray();
        put(sources, SafeTensors.TensorSource.longs(renamed.theirs().get(0), shape, index));
    }

    private static SafeTensors.TensorSource filled(String key, int width, float value) {
        float[] values = new float[width];
        Arrays.fill(values, value);
        return new SafeTensors.TensorSource(key, new int[] {width}, () -> values);
    }
}
