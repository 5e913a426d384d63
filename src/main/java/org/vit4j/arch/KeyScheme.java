package org.vit4j.arch;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a published checkpoint names what we call {@code blocks.3.attn.qkv}: one line a module, {@code {i}} standing for
 * a number. Our own paths follow timm's wherever timm has the network, so most schemes are short.
 *
 * <p>A rename of a module leaves the last part of the name and the order of the axes to the rules that hold for every
 * architecture, see {@code weights.Layout}. A rename of a whole weight, {@code blocks.{i}.attn.mix.kernel ->
 * blocks.{i}.attn.reattn_weights}, takes the values as they stand there; {@code ^T} behind their name transposes.
 */
public record KeyScheme(List<Rename> renames) {
    public static final KeyScheme SAME = new KeyScheme(List.of());

    /** {@code blocks.{i}.norm1 -> transformer.layers.{i}.0.norm} */
    public record Rename(Pattern ours, String theirs) {}

    /**
     * What a name became.
     *
     * @param matched up to where in our name, 0 when nothing did
     * @param transposed whether their values have the first axis last
     */
    public record Renamed(String theirs, int matched, boolean transposed) {}

    public KeyScheme {
        renames = List.copyOf(renames);
    }

    /** @param pairs ours, theirs, ours, theirs, ...; the first that matches a whole path or its beginning wins */
    public static KeyScheme of(String... pairs) {
        List<Rename> renames = new ArrayList<>();
        for (int i = 0; i < pairs.length; i += 2) {
            String pattern = Pattern.quote(pairs[i]).replace("{i}", "\\E(\\d+)\\Q");
            String theirs = pairs[i + 1];
            for (int group = 1; theirs.contains("{i}"); group++) theirs = theirs.replaceFirst("\\{i}", "\\$" + group);
            renames.add(new Rename(Pattern.compile(pattern + "(?=\\.|$)"), theirs));
        }
        return new KeyScheme(renames);
    }

    /** The same names below a module of theirs: {@code norm} is {@code student.mlp_head.0}. */
    public KeyScheme below(String module) {
        List<Rename> all = new ArrayList<>();
        for (Rename rename : renames) all.add(new Rename(rename.ours, module + "." + rename.theirs));
        all.add(new Rename(Pattern.compile(""), module + ".")); // what has the same name in both
        return new KeyScheme(all);
    }

    /** These lines first, then the lines of another scheme. */
    public KeyScheme then(KeyScheme other) {
        List<Rename> all = new ArrayList<>(renames);
        all.addAll(other.renames);
        return new KeyScheme(all);
    }

    /** Their name of a module or weight of ours; what stands behind the part that matched stays. */
    public Renamed theirs(String name) {
        for (Rename rename : renames) {
            Matcher matcher = rename.ours.matcher(name);
            if (!matcher.lookingAt()) continue;
            boolean transposed = rename.theirs.endsWith("^T");
            String theirs = transposed ? rename.theirs.substring(0, rename.theirs.length() - 2) : rename.theirs;
            return new Renamed(matcher.replaceFirst(theirs), matcher.end(), transposed);
        }
        return new Renamed(name, 0, false);
    }
}
