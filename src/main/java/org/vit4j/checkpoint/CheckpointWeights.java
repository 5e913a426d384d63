package org.vit4j.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.PositionGrid;

/** Weights of a published checkpoint, with the naming scheme, dictionary and prefix that fit the model best. */
public final class CheckpointWeights implements PretrainedWeights {
    private final StateDict file;
    private final Map<String, PositionGrid> grids;
    private final KeyMatch match;
    private final List<String> unexpected;
    private final List<String> notes;
    private final Optional<FoldedClassPosition> classPositions;

    /**
     * @param weights parameters of the model to load
     * @param schemes naming schemes that such a checkpoint may use
     * @param grids token grids of the position tables of the published model, if known
     */
    public CheckpointWeights(
            StateDict dict,
            Collection<Parameter> weights,
            List<CheckpointNames> schemes,
            Map<String, PositionGrid> grids) {
        this(dict, weights, schemes, grids, Optional.empty());
    }

    /**
     * Reads from a given location in the file.
     *
     * @param key dictionary keys and prefix, joined by dots, or a part of that; required if several state dicts
     *     in the file fit equally well
     * @throws ConfigError if several fit equally well, or no parameter is found at {@code key}
     */
    public CheckpointWeights(
            StateDict dict,
            Collection<Parameter> weights,
            List<CheckpointNames> schemes,
            Map<String, PositionGrid> grids,
            Optional<String> key) {
        this.file = dict;
        this.grids = grids;
        CheckpointMatcher.Result result;
        try {
            result = new CheckpointMatcher(weights, schemes).find(dict, key);
        } catch (ConfigError e) {
            dict.close();
            throw e;
        }
        this.match = result.match();
        this.unexpected = result.unexpected();
        this.notes = new ArrayList<>(result.notes());
        if (!file.skippedClasses().isEmpty()) {
            notes.add("objects that were not read: " + WeightTransfer.abbreviate(file.skippedClasses()));
        }
        this.classPositions = FoldedClassPosition.of(match);
    }

    @Override
    public String label() {
        return match.dict().label();
    }

    @Override
    public String namingScheme() {
        return match.scheme().name();
    }

    @Override
    public Optional<FoundWeight> find(Parameter weight) {
        CheckpointLayout layout = CheckpointLayout.of(weight, match.scheme());
        return match.arrays(layout).map(entries -> {
            List<Integer> shape = KeyMatch.stacked(entries);
            String name = String.join(" + ", layout.keys());
            FoundWeight found =
                    new FoundWeight(name, shape.toString(), layout.modelShape(shape), () -> values(layout, shape));
            return classPositions.map(folded -> folded.adapt(weight, found)).orElse(found);
        });
    }

    @Override
    public String name(Parameter weight) {
        return CheckpointLayout.of(weight, match.scheme()).key();
    }

    @Override
    public Optional<String> unreadableType(Parameter weight) {
        for (String key : CheckpointLayout.of(weight, match.scheme()).keys()) {
            String type = match.dict().opaque().get(match.names().getOrDefault(key, ""));
            if (type != null) return Optional.of(type);
        }
        return Optional.empty();
    }

    @Override
    public WeightAdaptation.PositionResampling resampling() {
        return file.isFlax()
                ? WeightAdaptation.PositionResampling.BILINEAR
                : WeightAdaptation.PositionResampling.BICUBIC;
    }

    @Override
    public List<String> notes() {
        return notes;
    }

    @Override
    public Optional<String> hint() {
        boolean newer = file.alternatives().stream()
                .flatMap(dict -> dict.entries().entrySet().stream())
                .anyMatch(entry -> isNewerVitPytorch(entry.getKey(), entry.getValue()));
        return newer
                ? Optional.of("the names are of a vit-pytorch release after 0.20.2, whose models differ (layer norms in"
                        + " the patch"
                        + " embedding); train with the supported release: pip install vit-pytorch==0.20.2")
                : Optional.empty();
    }

    /**
     * Detects later releases: 0.20.2 has no norm in the patch embedding, and transformer layers inside a module
     * {@code fn}.
     */
    private static boolean isNewerVitPytorch(String name, StateDict.StateEntry entry) {
        boolean patchNorm = name.matches("(.*\\.)?to_patch_embedding\\.[13]\\.weight")
                && entry.shape().size() == 1;
        return patchNorm || name.matches("(.*\\.)?layers\\.\\d+\\.\\d+\\.(to_qkv|to_q|to_kv)\\..*");
    }

    private float[] values(CheckpointLayout layout, List<Integer> shape) {
        float[] all = match.values(layout.keys().get(0));
        for (String key : layout.keys().subList(1, layout.keys().size())) {
            float[] more = match.values(key);
            float[] longer = Arrays.copyOf(all, all.length + more.length);
            System.arraycopy(more, 0, longer, all.length, more.length);
            all = longer;
        }
        return layout.toModel(shape.stream().mapToInt(Integer::intValue).toArray(), all);
    }

    @Override
    public List<String> unexpected() {
        return unexpected;
    }

    @Override
    public Map<String, PositionGrid> grids() {
        return new LinkedHashMap<>(grids);
    }

    @Override
    public void close() {
        file.close();
    }
}
