package org.vit4j.models.community;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.layers.BlockDefaults;
import org.vit4j.layers.ClassifierHead;
import org.vit4j.layers.ClassifierHead.HeadNorm;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.ReAttention.LayerReAttention;
import org.vit4j.layers.ReAttentionBlock;
import org.vit4j.layers.TokenPool;
import org.vit4j.models.DeepVit;
import org.vit4j.models.DeepVit.DeepVitEmbedding;
import org.vit4j.models.Flavor;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.ModelConfig;

/**
 * DeepViT (Zhou et al. 2021, arXiv:2103.11886) as in lucidrains/vit-pytorch 0.20.2, {@code deepvit.py}: {@link DeepVit}
 * with a layer norm of the mixed maps instead of a batch norm, so weights are not interchangeable. Unlike vit-pytorch's
 * ViT, it always has an output projection.
 */
public record CommunityDeepVit(DeepVit deepVit) implements ModelConfig {

    @Override
    public Graph build() {
        return deepVit.build();
    }

    @Override
    public String arch() {
        return deepVit.arch();
    }

    @Override
    public Flavor flavor() {
        return Flavor.COMMUNITY;
    }

    @Override
    public ImageSpec image() {
        return deepVit.image();
    }

    @Override
    public int classes() {
        return deepVit.classes();
    }

    /** Reads the keys of {@link DeepVit} with the defaults of vit-pytorch. */
    public static Optional<CommunityDeepVit> read(Section s, ImageSpec image, int classes) {
        int dim = s.intAt("dim", 1024);
        Supplier<DeepVitEmbedding> embedding = DeepVitEmbedding.read(s, dim, new Init.NormalInit(1));
        Supplier<List<Boolean>> reAttention = DeepVit.readReAttention(s, 6);
        boolean transformScale = s.boolAt("transform_scale", false);
        TokenPool pool = s.enumAt("pool", TokenPool.class, TokenPool.CLS);
        DropRates drops = DropRates.read(s);
        BlockDefaults defaults = BlockDefaults.free(16, 64, 2, false, 1e-5);
        Supplier<ReAttentionBlock> block =
                ReAttentionBlock.read(s, dim, defaults, drops, scale -> new LayerReAttention());
        return s.build(() -> {
            Checks.require(!transformScale, "transform_scale (true) is not supported by the community flavor");
            DeepVitEmbedding embed = embedding.get();
            double eps = block.get().block().norm().eps();
            var head = new ClassifierHead(pool, 0, HeadNorm.POOLED, eps, drops.head());
            return new CommunityDeepVit(
                    new DeepVit(image, classes, Init.PYTORCH, embed, reAttention.get(), block.get(), head, drops));
        });
    }
}
