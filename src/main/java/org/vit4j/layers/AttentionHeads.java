package org.vit4j.layers;

import java.util.Locale;
import java.util.function.Supplier;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/** Number and width of attention heads, the keys {@code heads} and {@code head_dim}. */
public record AttentionHeads(int count, int width) {
    public AttentionHeads {
        Checks.positive("heads", count);
        Checks.positive("head_dim", width);
    }

    /** Reads the keys for tokens of width {@code dim}; the supplier checks the values. */
    public static Supplier<AttentionHeads> read(Section s, int dim, BlockDefaults defaults) {
        boolean free = defaults.headDim().isPresent();
        int heads = s.intAt("heads", defaults.heads());
        if (!free && heads > 0 && dim % heads != 0) {
            s.reject("heads", String.format(Locale.ROOT, "dim (%d) must be a multiple of heads (%d)", dim, heads));
        }
        int width = s.intAt("head_dim", defaults.headDim().orElse(dim / Math.max(heads, 1)));
        return () -> {
            AttentionHeads read = new AttentionHeads(heads, width);
            Checks.require(
                    free || dim == heads * width,
                    "dim (%d) must be heads x head_dim (%d x %d) in the official flavor",
                    dim,
                    heads,
                    width);
            return read;
        };
    }
}
