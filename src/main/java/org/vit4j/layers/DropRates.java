package org.vit4j.layers;

import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/**
 * Dropout and stochastic depth rates.
 *
 * @param embed dropout of the embedded tokens ({@code pos_drop})
 * @param proj dropout after attention and MLP ({@code proj_drop})
 * @param attn dropout of attention probabilities ({@code attn_drop})
 * @param path stochastic depth at the last block ({@code drop_path}); it grows linearly with depth
 * @param head dropout before the head ({@code head_drop})
 */
public record DropRates(double embed, double proj, double attn, double path, double head) {
    public DropRates {
        Checks.rate("pos_drop", embed);
        Checks.rate("proj_drop", proj);
        Checks.rate("attn_drop", attn);
        Checks.rate("drop_path", path);
        Checks.rate("head_drop", head);
    }

    private static final DropRates NONE = new DropRates(0, 0, 0, 0, 0);

    /** Reads the rates from a model section; rates out of range are reported to the section. */
    public static DropRates read(Section s) {
        return read(s, 0);
    }

    /** @param standard default of {@code pos_drop} and {@code proj_drop} */
    public static DropRates read(Section s, double standard) {
        double embed = s.doubleAt("pos_drop", standard);
        double proj = s.doubleAt("proj_drop", standard);
        double attn = s.doubleAt("attn_drop", 0);
        double path = s.doubleAt("drop_path", 0);
        double head = s.doubleAt("head_drop", 0);
        try {
            return new DropRates(embed, proj, attn, path, head);
        } catch (Checks.InvalidValueException e) {
            s.reject(e.key(), e.getMessage());
            return NONE;
        }
    }

    /** Stochastic depth rate of block {@code i} of {@code depth}, growing linearly from 0 (Huang et al. 2016). */
    public double path(int i, int depth) {
        return depth == 1 ? 0 : path * i / (depth - 1);
    }
}
