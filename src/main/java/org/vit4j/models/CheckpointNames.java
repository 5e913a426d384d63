package org.vit4j.models;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a published checkpoint names what we call {@code blocks.3.attn.qkv}: one line a module, {@code {i}} standing for
 * a number. Our own paths follow timm's wherever timm has the network, so most schemes are short.
 *
 * <p>A rename of a module leaves the last part of the name and the order of the axes to the rules that hold for every
 * architecture, see {@code weights.Layout}. A rename of a whole weight, {@code blocks.{i}.attn.mix.kernel ->
 * blocks.{i}.attn.reattn_weights}, takes the values as they stand there; {@code ^T} behind their name transposes.
 * {@code attention.{query|key|value}} is three modules there, whose rows one below the other are ours.
 *
 * @param name what messages call it: {@code reference}, {@code authors}, {@code hf}
 * @param ignored keys such a checkpoint may hold that no network needs, as patterns of whole keys
 * @param shapes weights of ours that have another shape there than the rules give, for writing; reading takes either
 * @param unused layer norms that their code owns and never calls, for writing
 */
public record CheckpointNames(
        String name, List<KeyRename> renames, List<Pattern> ignored, List<ShapedKey> shapes, List<UnusedNorm> unused) {
    /** Of the code a flavor follows. */
    private static final String REFERENCE = "reference";
    /** Counters and index tables, which PyTorch keeps beside weights. */
    private static final List<Pattern> BUFFERS = List.of(
            Pattern.compile("(.*\\.)?(num_batches_tracked|attention_bias_idxs|pos_indices|relative_position_index)"));

    private static final Pattern PRETRAINING = Pattern.compile(
            "(.*\\.)?(mask_token|decoder_(embed|blocks|norm|pred|pos_embed)(\\..*)?|pooler\\.dense\\..*)");

    public static final CheckpointNames SAME = new CheckpointNames(REFERENCE, List.of(), BUFFERS, List.of(), List.of());

    /** Special shapes of theirs. */
    public enum TensorForm {
        /** A dense layer of ours, a convolution of one pixel there: [out, in, 1, 1]. */
        PIXEL,
        /** A convolution of ours, a dense layer over patches there: [out, kH * kW * in], by row, column, channel. */
        PATCHES,
        /** A number a channel, [1, C, 1, 1]. */
        CHANNELS,
        /** A number a channel of tokens, [1, 1, D]. */
        TOKENS
    }

    /** Weights of ours and the shape they have there. */
    public record ShapedKey(Pattern ours, TensorForm form) {}

    /** A layer norm of theirs over so many channels that is never called. */
    public record UnusedNorm(String module, int width) {}

    /** {@code blocks.{i}.norm1 -> transformer.layers.{i}.0.norm} */
    public record KeyRename(Pattern ours, String theirs) {}

    /**
     * What a name became.
     *
     * @param theirs one name, or several that make up ours
     * @param matched up to where in our name, 0 when nothing did
     * @param transposed whether their values have the first axis last
     */
    public record RenamedKey(List<String> theirs, int matched, boolean transposed) {}

    public CheckpointNames {
        renames = List.copyOf(renames);
        ignored = List.copyOf(ignored);
        shapes = List.copyOf(shapes);
        unused = List.copyOf(unused);
    }

    /** @param pairs ours, theirs, ours, theirs, ...; the first that matches a whole path or its beginning wins */
    public static CheckpointNames of(String... pairs) {
        List<KeyRename> renames = new ArrayList<>();
        for (int i = 0; i < pairs.length; i += 2) {
            String pattern = Pattern.quote(pairs[i]).replace("{i}", "\\E(\\d+)\\Q");
            String theirs = pairs[i + 1];
            for (int group = 1; theirs.contains("{i}"); group++) theirs = theirs.replaceFirst("\\{i}", "\\$" + group);
            renames.add(new KeyRename(Pattern.compile(pattern + "(?=\\.|$)"), theirs));
        }
        return new CheckpointNames(REFERENCE, renames, BUFFERS, List.of(), List.of());
    }

    public CheckpointNames named(String other) {
        return new CheckpointNames(other, renames, ignored, shapes, unused);
    }

    /** The same, these keys left aside too; {@code {i}} stands for a number, {@code *} for anything. */
    public CheckpointNames ignoring(String... keys) {
        List<Pattern> all = new ArrayList<>(ignored);
        for (String key : keys) all.add(pattern(key));
        return new CheckpointNames(name, renames, all, shapes, unused);
    }

    private static Pattern pattern(String key) {
        return Pattern.compile(Pattern.quote(key).replace("{i}", "\\E\\d+\\Q").replace("*", "\\E.*\\Q"));
    }

    /** The same, these weights of ours having such a shape there; {@code {i}} and {@code *} as in {@link #ignoring}. */
    public CheckpointNames shaped(TensorForm form, String... weights) {
        List<ShapedKey> all = new ArrayList<>(shapes);
        for (String weight : weights) all.add(new ShapedKey(pattern(weight), form));
        return new CheckpointNames(name, renames, ignored, all, unused);
    }

    /** The same with a layer norm of theirs that is never called. */
    public CheckpointNames unused(String module, int width) {
        List<UnusedNorm> all = new ArrayList<>(unused);
        all.add(new UnusedNorm(module, width));
        return new CheckpointNames(name, renames, ignored, shapes, all);
    }

    /** The shape a weight of ours has there, where it is a special one. */
    public Optional<TensorForm> form(String weight) {
        return shapes.stream()
                .filter(shaped -> shaped.ours.matcher(weight).matches())
                .map(ShapedKey::form)
                .findFirst();
    }

    /** The same names below a module of theirs: {@code norm} is {@code student.mlp_head.0}. */
    public CheckpointNames below(String module) {
        List<KeyRename> all = new ArrayList<>();
        for (KeyRename rename : renames) all.add(new KeyRename(rename.ours, module + "." + rename.theirs));
        all.add(new KeyRename(Pattern.compile(""), module + ".")); // what has the same name in both
        return new CheckpointNames(name, all, ignored, shapes, unused);
    }

    /** These lines first, then the lines of another scheme. */
    public CheckpointNames then(CheckpointNames other) {
        List<KeyRename> all = new ArrayList<>(renames);
        all.addAll(other.renames);
        List<Pattern> aside = new ArrayList<>(ignored);
        aside.addAll(other.ignored);
        List<ShapedKey> shaped = new ArrayList<>(shapes);
        shaped.addAll(other.shapes);
        List<UnusedNorm> silent = new ArrayList<>(unused);
        silent.addAll(other.unused);
        return new CheckpointNames(name, all, aside, shaped, silent);
    }

    /** Whether a key is none of the network's business. */
    public boolean ignores(String key) {
        return ignored.stream().anyMatch(pattern -> pattern.matcher(key).matches());
    }

    /** Returns true for what only pretraining needs: masks, decoders and poolers, which were learned all the same. */
    public static boolean isOfPretraining(String key) {
        return PRETRAINING.matcher(key).matches();
    }

    /** Their name of a module or weight of ours; what stands behind the part that matched stays. */
    public RenamedKey toCheckpoint(String name) {
        for (KeyRename rename : renames) {
            Matcher matcher = rename.ours.matcher(name);
            if (!matcher.lookingAt()) continue;
            boolean transposed = rename.theirs.endsWith("^T");
            String theirs = transposed ? rename.theirs.substring(0, rename.theirs.length() - 2) : rename.theirs;
            List<String> all = alternatives(theirs).stream()
                    .map(one -> matcher.replaceFirst(one))
                    .toList();
            return new RenamedKey(all, matcher.end(), transposed);
        }
        return new RenamedKey(List.of(name), 0, false);
    }

    /** {@code a.{x|y}.b} is {@code a.x.b} and {@code a.y.b}. */
    private static List<String> alternatives(String theirs) {
        int open = theirs.indexOf('{');
        if (open < 0) return List.of(theirs);
        int close = theirs.indexOf('}', open);
        return Pattern.compile("\\|")
                .splitAsStream(theirs.substring(open + 1, close))
                .map(one -> theirs.substring(0, open) + one + theirs.substring(close + 1))
                .toList();
    }
}
