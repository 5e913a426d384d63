package org.vit4j.models.community;

import java.util.Optional;
import java.util.function.Supplier;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.layers.BlockDefaults;
import org.vit4j.layers.ClassifierHead;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.ParallelBlock;
import org.vit4j.models.Flavor;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.ModelConfig;
import org.vit4j.models.Vit;
import org.vit4j.models.Vit.VitEmbedding;
import org.vit4j.models.Vit.VitHead;

/**
 * ViT (Dosovitskiy et al. 2021, arXiv:2010.11929) as in lucidrains/vit-pytorch 0.20.2, {@code vit.py}: the layers of
 * {@link Vit} with heads of any width, tokens and positions drawn from a standard normal distribution, PyTorch's
 * default initialization, and a mean over all tokens, the class token included.
 */
public record CommunityVit(Vit vit) implements ModelConfig {

    @Override
    public Graph build() {
        return vit.build();
    }

    @Override
    public String arch() {
        return vit.arch();
    }

    @Override
    public Flavor flavor() {
        return Flavor.COMMUNITY;
    }

    @Override
    public ImageSpec image() {
        return vit.image();
    }

    @Override
    public int classes() {
        return vit.classes();
    }

    /** Reads the keys of {@link Vit} with the defaults of vit-pytorch. */
    public static Optional<CommunityVit> read(Section s, ImageSpec image, int classes) {
        int dim = s.intAt("dim", 1024);
        int depth = s.intAt("depth", 6);
        Init standardNormal = new Init.NormalInit(1);
        Supplier<VitEmbedding> embedding = VitEmbedding.read(s, dim, standardNormal, standardNormal);
        DropRates drops = DropRates.read(s);
        Supplier<ParallelBlock> block = ParallelBlock.read(s, dim, BlockDefaults.free(16, 64, 2, false, 1e-5), drops);
        VitHead head = VitHead.read(s);
        return s.build(() -> {
            VitEmbedding embed = embedding.get();
            ParallelBlock layers = block.get().projectedUnlessSingle(dim);
            ClassifierHead classifier = head.build(0, layers.block().norm().eps(), drops.head());
            return new CommunityVit(new Vit(image, classes, Init.PYTORCH, embed, depth, layers, classifier, drops));
        });
    }
}
