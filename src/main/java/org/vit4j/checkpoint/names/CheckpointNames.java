package org.vit4j.checkpoint.names;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Naming scheme of published checkpoints: maps vit4j module paths such as {@code blocks.3.attn.qkv} to checkpoint keys,
 * with {@code {i}} for a number. vit4j paths follow timm if timm has the network, so most schemes are short.
 *
 * <p>After a module is renamed, parameter suffix and axis order follow the general rules of {@code
 * checkpoint.CheckpointLayout}. A renamed parameter, {@code blocks.{i}.attn.reatten_matrix.kernel ->
 * blocks.{i}.attn.reattn_weights}, keeps the axis order of the checkpoint; the suffix {@code ^T} transposes it. {@code
 * attention.{query|key|value}} denotes three checkpoint modules whose rows are concatenated.
 *
 * @param name name in messages: {@code reference}, {@code authors}, {@code hf}
 * @param ignored patterns of complete checkpoint keys that the network does not need
 * @param shapes parameters whose checkpoint shape deviates from the general rules, for writing; reading accepts both
 * @param unused layer norms that the reference code owns and never calls, for writing
 */
public record CheckpointNames(
        String name, List<KeyRename> renames, List<Pattern> ignored, List<ShapedKey> shapes, List<UnusedNorm> unused) {
    /** Name of the scheme of the reference code of a flavor. */
    private static final String REFERENCE = "reference";
    /** Counters and index tables that PyTorch stores as buffers. */
    private static final List<Pattern> BUFFERS = List.of(
            Pattern.compile("(.*\\.)?(num_batches_tracked|attention_bias_idxs|pos_indices|relative_position_index)"));

    private static final Pattern PRETRAINING = Pattern.compile(
            "(.*\\.)?(mask_token|decoder_(embed|blocks|norm|pred|pos_embed)(\\..*)?|pooler\\.dense\\..*)");

    /** Scheme without renames: checkpoint keys follow the vit4j paths. */
    public static final CheckpointNames SAME = new CheckpointNames(REFERENCE, List.of(), BUFFERS, List.of(), List.of());

    /** Checkpoint shapes that deviate from the general rules. */
    public enum TensorForm {
        /** Dense layer stored as a 1x1 convolution: [out, in, 1, 1]. */
        PIXEL,
        /** Patch convolution stored as a dense layer: [out, kH * kW * in], ordered by row, column, channel. */
        PATCHES,
        /** One value per channel of an image, [1, C, 1, 1]. */
        CHANNELS,
        /** One value per channel of tokens, [1, 1, D]. */
        TOKENS
    }

    /** Pattern of parameter names and their checkpoint shape. */
    public record ShapedKey(Pattern parameterPattern, TensorForm form) {}

    /** Layer norm over {@code width} channels that the reference code never calls. */
    public record UnusedNorm(String module, int width) {}

    /** Rename of a module, such as {@code blocks.{i}.norm1 -> transformer.layers.{i}.0.norm}. */
    public record KeyRename(Pattern modulePattern, String checkpointModule) {}

    /**
     * Result of a rename.
     *
     * @param checkpointKeys one key, or several whose arrays are concatenated
     * @param matched length of the renamed prefix of the vit4j name, 0 without a match
     * @param transposed true if the first axis comes last in the checkpoint
     */
    public record RenamedKey(List<String> checkpointKeys, int matched, boolean transposed) {}

    public CheckpointNames {
        renames = List.copyOf(renames);
        ignored = List.copyOf(ignored);
        shapes = List.copyOf(shapes);
        unused = List.copyOf(unused);
    }

    /** @param pairs vit4j path, checkpoint key, ...; the first pair that matches the path or a prefix of it applies */
    public static CheckpointNames of(String... pairs) {
        List<KeyRename> renames = new ArrayList<>();
        for (int i = 0; i < pairs.length; i += 2) {
            String pattern = Pattern.quote(pairs[i]).replace("{i}", "\\E(\\d+)\\Q");
            String key = pairs[i + 1];
            for (int group = 1; key.contains("{i}"); group++) key = key.replaceFirst("\\{i}", "\\$" + group);
            renames.add(new KeyRename(Pattern.compile(pattern + "(?=\\.|$)"), key));
        }
        return new CheckpointNames(REFERENCE, renames, BUFFERS, List.of(), List.of());
    }

    public CheckpointNames named(String other) {
        return new CheckpointNames(other, renames, ignored, shapes, unused);
    }

    /** Returns a copy that also ignores these keys; {@code {i}} matches a number, {@code *} anything. */
    public CheckpointNames ignoring(String... keys) {
        List<Pattern> all = new ArrayList<>(ignored);
        for (String key : keys) all.add(pattern(key));
        return new CheckpointNames(name, renames, all, shapes, unused);
    }

    private static Pattern pattern(String key) {
        return Pattern.compile(Pattern.quote(key).replace("{i}", "\\E\\d+\\Q").replace("*", "\\E.*\\Q"));
    }

    /**
     * Returns a copy with a checkpoint shape for these parameters; {@code {i}} and {@code *} as in {@link #ignoring}.
     */
    public CheckpointNames shaped(TensorForm form, String... parameters) {
        List<ShapedKey> all = new ArrayList<>(shapes);
        for (String parameter : parameters) all.add(new ShapedKey(pattern(parameter), form));
        return new CheckpointNames(name, renames, ignored, all, unused);
    }

    /** Returns a copy with another layer norm that the reference code never calls. */
    public CheckpointNames unused(String module, int width) {
        List<UnusedNorm> all = new ArrayList<>(unused);
        all.add(new UnusedNorm(module, width));
        return new CheckpointNames(name, renames, ignored, shapes, all);
    }

    /** Returns the checkpoint shape of a parameter if it deviates from the general rules. */
    public Optional<TensorForm> form(String parameter) {
        return shapes.stream()
                .filter(shaped -> shaped.parameterPattern.matcher(parameter).matches())
                .map(ShapedKey::form)
                .findFirst();
    }

    /**
     * Returns a copy whose checkpoint keys have a module as prefix: {@code norm} becomes {@code student.mlp_head.0}.
     */
    public CheckpointNames withPrefix(String module) {
        List<KeyRename> all = new ArrayList<>();
        for (KeyRename rename : renames)
            all.add(new KeyRename(rename.modulePattern, module + "." + rename.checkpointModule));
        all.add(new KeyRename(Pattern.compile(""), module + ".")); // names that are not renamed
        return new CheckpointNames(name, all, ignored, shapes, unused);
    }

    /** Returns a scheme with the renames of this scheme, then those of another. */
    public CheckpointNames then(CheckpointNames other) {
        List<KeyRename> all = new ArrayList<>(renames);
        all.addAll(other.renames);
        List<Pattern> allIgnored = new ArrayList<>(ignored);
        allIgnored.addAll(other.ignored);
        List<ShapedKey> allShapes = new ArrayList<>(shapes);
        allShapes.addAll(other.shapes);
        List<UnusedNorm> allUnused = new ArrayList<>(unused);
        allUnused.addAll(other.unused);
        return new CheckpointNames(name, all, allIgnored, allShapes, allUnused);
    }

    /** Returns true if the network does not need a checkpoint key. */
    public boolean ignores(String key) {
        return ignored.stream().anyMatch(pattern -> pattern.matcher(key).matches());
    }

    /** Returns true for keys that only pretraining needs: mask tokens, decoders and poolers. */
    public static boolean isOfPretraining(String key) {
        return PRETRAINING.matcher(key).matches();
    }

    /** Renames a module or parameter; the part of the name after the match is kept. */
    public RenamedKey toCheckpoint(String name) {
        for (KeyRename rename : renames) {
            Matcher matcher = rename.modulePattern.matcher(name);
            if (!matcher.lookingAt()) continue;
            boolean transposed = rename.checkpointModule.endsWith("^T");
            String key = transposed
                    ? rename.checkpointModule.substring(0, rename.checkpointModule.length() - 2)
                    : rename.checkpointModule;
            List<String> all = alternatives(key).stream()
                    .map(one -> matcher.replaceFirst(one))
                    .toList();
            return new RenamedKey(all, matcher.end(), transposed);
        }
        return new RenamedKey(List.of(name), 0, false);
    }

    /** Expands {@code a.{x|y}.b} to {@code a.x.b} and {@code a.y.b}. */
    private static List<String> alternatives(String key) {
        int open = key.indexOf('{');
        if (open < 0) return List.of(key);
        int close = key.indexOf('}', open);
        return Pattern.compile("\\|")
                .splitAsStream(key.substring(open + 1, close))
                .map(one -> key.substring(0, open) + one + key.substring(close + 1))
                .toList();
    }
}
