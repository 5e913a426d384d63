package org.vit4j.layers;

import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;

/**
 * Learned tokens before the patches, and the learned position embedding.
 *
 * @param registers number of register tokens, which the head does not read (timm's {@code reg_tokens})
 * @param positioned true if class and register tokens have positions (timm: not {@code no_embed_class})
 */
public record PrefixTokens(boolean classToken, int registers, boolean positioned, Init tokenInit, Init positionInit) {
    public PrefixTokens {
        Checks.check(registers >= 0, "register_tokens", registers, "must be at least 0");
    }

    /** Number of tokens before the patches, R + 1 with a class token. */
    public int count() {
        return (classToken ? 1 : 0) + registers;
    }

    /**
     * Patches [T, D] -> class token, registers, further tokens, patches, with positions: [1 + R + T, D].
     *
     * @param patchGrid the grid of the patches, without prefix
     * @param prepend adds further tokens between the registers and the patches
     */
    public Tensor build(Graph g, Tensor patches, PositionGrid patchGrid, UnaryOperator<Tensor> prepend) {
        Tensor x = positioned ? patches : addPositions(g, patches, 0, patchGrid); // [T, D]
        x = prepend.apply(x); // [T, D]
        if (registers > 0) {
            x = g.concat("with_registers", 0, g.learnedTokens("reg_token", x, registers, tokenInit), x); // [R + T, D]
        }
        if (classToken) x = ClassToken.prepend(g, x, tokenInit); // [1 + R + T, D]
        return positioned ? addPositions(g, x, x.dim(0) - patches.dim(0), patchGrid) : x; // [1 + R + T, D]
    }

    private Tensor addPositions(Graph g, Tensor x, int prefix, PositionGrid patches) {
        PositionGrid grid = new PositionGrid(prefix, patches.height(), patches.width());
        return g.addPositions("pos_embed", x, Role.POSITION, positionInit, grid);
    }

    /**
     * Reads {@code class_token}, {@code register_tokens} and {@code pos_prefix}; the supplier checks the values.
     */
    public static Supplier<PrefixTokens> read(Section s, Init tokenInit, Init positionInit) {
        boolean classToken = s.boolAt("class_token", true);
        int registers = s.intAt("register_tokens", 0);
        boolean positioned = s.boolAt("pos_prefix", true);
        return () -> new PrefixTokens(classToken, registers, positioned, tokenInit, positionInit);
    }
}
