package com.example.user;

import java.util.Optional;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.ModelConfig;

/** A user's network: patches, blocks of the user, mean of the tokens. */
record StripeNet(ImageSpec image, int classes, int dim, int depth) implements ModelConfig {

    /** Reader of the keys of a {@code model:} section. */
    static Optional<StripeNet> read(Section s, ImageSpec image, int classes) {
        int dim = s.intAt("dim", 16);
        int depth = s.intAt("depth", 1);
        return s.build(() -> new StripeNet(image, classes, dim, depth));
    }

    @Override
    public String arch() {
        return "stripe_net";
    }

    @Override
    public Graph build() {
        Graph g = new Graph(Init.TIMM);
        PatchEmbed patches = new PatchEmbed(4, 4, dim, true);
        Tensor pixels = image.input(g); // [H, W, C]
        Tensor x = patches.build(g.scope("patch_embed"), pixels); // [T, D]
        PositionGrid grid = patches.grid(0, pixels);
        x = g.addPositions("pos_embed", x, Role.POSITION, new Init.TruncatedNormalInit(0.02), grid); // [T, D]
        for (int i = 0; i < depth; i++) x = new GatedBlock(2, 2 * dim).build(g.scope("blocks." + i), x); // [T, D]
        Tensor pooled = g.mean("pool", g.layerNorm("norm", x, 1e-6), 0); // [D]
        g.output("logits", g.dense("head", pooled, classes)); // [K]
        return g;
    }
}
