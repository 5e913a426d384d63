package org.vit4j.models;

import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/**
 * What is left out at random in training, as probabilities.
 *
 * @param embed of the embedded tokens ({@code pos_drop})
 * @param proj of what attention and MLP give ({@code proj_drop})
 * @param attn of attention weights ({@code attn_drop})
 * @param path of whole residual branches at the last block ({@code drop_path}); blocks before have proportionally less
 * @param head of what the head reads ({@code head_drop})
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

    /** Part of a model section; a rate out of range is noted there. */
    static DropRates read(Section s) {
        return read(s, 0);
    }

    /** @param standard {@code pos_drop} and {@code proj_drop} where they are not written */
    static DropRates read(Section s, double standard) {
        double embed = s.doubleAt("pos_drop", standard);
        double proj = s.doubleAt("proj_drop", standard);
        double attn = s.doubleAt("attn_drop", 0);
        double path = s.doubleAt("drop_path", 0);
        double head = s.doubleAt("head_drop", 0);
        try {
            return new DropRates(embed, proj, attn, path, head);
        } catch (IllegalArgumentException rule) {
            String message = rule.getMessage();
            s.reject(message.substring(0, message.indexOf(' ')), message);
            return NONE;
        }
    }

    /** Stochastic depth of block {@code i} of {@code depth}: grows linearly (Huang et al. 2016). */
    public double path(int i, int depth) {
        return depth == 1 ? 0 : path * i / (depth - 1);
    }
}
