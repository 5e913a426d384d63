package org.vit4j.models.community;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.layers.AttentionHeads;
import org.vit4j.layers.BlockDefaults;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.LayerScaleBlock;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.layers.PreNorm;
import org.vit4j.layers.TalkingHeads;
import org.vit4j.layers.TalkingHeads.Mixing;
import org.vit4j.layers.TalkingHeads.Products;
import org.vit4j.layers.TokenPool;
import org.vit4j.models.Cait;
import org.vit4j.models.Cait.CaitHead;
import org.vit4j.models.Cait.CaitStack;
import org.vit4j.models.Flavor;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.ModelConfig;

/**
 * CaiT (Touvron et al. 2021, arXiv:2103.17239) as in lucidrains/vit-pytorch 0.20.2, {@code cait.py}. Its class blocks
 * have talking heads and dropout like the others and do not normalize the patches; queries have a projection of their
 * own, the matrices of the talking heads no bias.
 *
 * <p>vit-pytorch 0.20.2 also drops layers in evaluation, by mistake; here layer dropout is for training only.
 */
public record CommunityCait(Cait cait) implements ModelConfig {

    @Override
    public Graph build() {
        return cait.build();
    }

    @Override
    public String arch() {
        return cait.arch();
    }

    @Override
    public Flavor flavor() {
        return Flavor.COMMUNITY;
    }

    @Override
    public ImageSpec image() {
        return cait.image();
    }

    @Override
    public int classes() {
        return cait.classes();
    }

    /** Reads the keys of {@link Cait} with the defaults of vit-pytorch. */
    public static Optional<CommunityCait> read(Section s, ImageSpec image, int classes) {
        int dim = s.intAt("dim", 1024);
        Supplier<PatchEmbed> patchEmbed = PatchEmbed.read(s, dim, true);
        int depth = s.intAt("depth", 12);
        int classDepth = s.intAt("class_depth", 2);
        Supplier<AttentionHeads> heads = AttentionHeads.read(s, dim, BlockDefaults.free(16, 64, 2, false, 1e-5));
        int hidden = Mlp.readHidden(s, dim, 2);
        int classHidden = Cait.readClassHidden(s, dim, hidden);
        boolean qkvBias = s.boolAt("qkv_bias", false);
        OptionalDouble layerScale = s.optionalDouble("layer_scale");
        TokenPool pool = s.enumAt("pool", TokenPool.class, TokenPool.CLS);
        double eps = s.doubleAt("norm_eps", 1e-5);
        double layerDropout = s.doubleAt("layer_dropout", 0);
        DropRates drops = DropRates.read(s);
        return s.build(() -> {
            PatchEmbed embed = patchEmbed.get();
            Cait.checkSizes(depth, classDepth, hidden, classHidden, layerDropout);
            Checks.require(
                    pool == TokenPool.CLS,
                    "pool (mean) is not supported by the community flavor, whose head reads the class token");
            Init normal = new Init.NormalInit(1);
            var mixing = Optional.of(new Mixing(false, normal));
            var attention = new TalkingHeads(heads.get(), Products.Q_KV, qkvBias, mixing, drops.attn(), drops.proj());
            var blocks = new BlockFactory(attention, drops, eps, layerScale);
            return new CommunityCait(new Cait(
                    image,
                    classes,
                    Init.PYTORCH,
                    embed,
                    normal,
                    blocks.stack("blocks", depth, hidden, layerDropout),
                    blocks.stack("blocks_token_only", classDepth, classHidden, layerDropout),
                    new CaitHead(pool, eps, drops.head()),
                    drops.embed()));
        });
    }

    /** Creates the stacks, whose blocks differ in layer scale and hidden width. */
    private record BlockFactory(TalkingHeads attention, DropRates drops, double eps, OptionalDouble layerScale) {
        CaitStack stack(String name, int depth, int hidden, double layerDropout) {
            var mlp = new Mlp(hidden, Activation.GELU, drops.proj());
            return new CaitStack(
                    name,
                    IntStream.range(0, depth)
                            .mapToObj(i -> new LayerScaleBlock(
                                    attention, mlp, PreNorm.scaled(eps, scaleAt(i)), false, drops.path()))
                            .toList(),
                    layerDropout);
        }

        /**
         * Initial layer scale of block {@code i}, counted separately for patch and class blocks. The paper (section 2)
         * applies the same bounds to the depth of the network and uses one value for all its blocks.
         */
        private double scaleAt(int i) {
            return layerScale.orElse(i < 18 ? 0.1 : i < 24 ? 1e-5 : 1e-6);
        }
    }
}
