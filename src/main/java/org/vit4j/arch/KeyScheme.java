package org.vit4j.arch;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a published checkpoint names what we call {@code blocks.3.attn.qkv}: one line a module, {@code {i}} standing for
 * a number. Our own paths follow timm's wherever timm has the network, so most schemes are empty.
 *
 * <p>Only paths are renamed here; what becomes of the last part ({@code kernel}, {@code gamma}) and of the layout is the
 * same for every architecture, see {@code weights.Layout}.
 */
public record KeyScheme(List<Rename> renames) {
    public static final KeyScheme SAME = new KeyScheme(List.of());

    /** {@code blocks.{i}.norm1 -> transformer.layers.{i}.0.norm} */
    public record Rename(Pattern ours, String theirs) {}

    public KeyScheme {
        renames = List.copyOf(renames);
    }

    /** @param pairs ours, theirs, ours, theirs, ...; the first that matches a whole path or its beginning wins */
    public static KeyScheme of(String... pairs) {
        List<Rename> renames = new java.util.ArrayList<>();
        for (int i = 0; i < pairs.length; i += 2) {
            String pattern = Pattern.quote(pairs[i]).replace("{i}", "\\E(\\d+)\\Q");
            String theirs = pairs[i + 1];
            for (int group = 1; theirs.contains("{i}"); group++) theirs = theirs.replaceFirst("\\{i}", "\\$" + group);
            renames.add(new Rename(Pattern.compile(pattern + "(?=\\.|$)"), theirs));
        }
        return new KeyScheme(renames);
    }

    /** Their path of a module or bare weight of ours. */
    public String theirs(String path) {
        for (Rename rename : renames) {
            Matcher matcher = rename.ours.matcher(path);
            if (matcher.lookingAt()) return matcher.replaceFirst(rename.theirs);
        }
        return path;
    }
}
