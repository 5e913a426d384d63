package org.vit4j.models;

import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.ClassToken;
import org.vit4j.layers.ClassifierHead.HeadNorm;
import org.vit4j.layers.TokenPool;

/**
 * DeiT: "Training data-efficient image transformers and distillation through attention", Touvron et al. 2021,
 * arXiv:2012.12877; DeiT III: "Revenge of the ViT", Touvron et al. 2022, arXiv:2204.07118. A ViT with another training
 * recipe and, optionally, a distillation token whose head learns from a teacher. DeiT III is a ViT with
 * {@code layer_scale} and {@code pos_prefix: false}. Reference: huggingface/pytorch-image-models 0.9.16,
 * {@code timm/models/deit.py}. The losses are in {@code train.Distillation}.
 *
 * <pre>
 * variant                                dim   depth  heads  parameters
 * deit_tiny_distilled_patch16_224        192   12     3      5,910,800
 * deit_tiny_patch16_224                  192   12     3      5,717,416
 * deit3_small_patch16_224, _384          384   12     6      22,059,496 / 22,205,416
 * deit_small_distilled_patch16_224       384   12     6      22,436,432
 * deit_small_patch16_224                 384   12     6      22,050,664
 * deit3_medium_patch16_224               512   12     8      38,849,512
 * deit3_base_patch16_224, _384           768   12     12     86,585,320 / 86,877,160
 * deit_base_distilled_patch16_224, _384  768   12     12     87,338,192 / 87,630,032
 * deit_base_patch16_224, _384            768   12     12     86,567,656 / 86,859,496
 * deit3_large_patch16_224, _384          1024  24     16     304,374,760 / 304,763,880
 * deit3_huge_patch14_224                 1280  32     16     632,126,440
 * </pre>
 *
 * @param vit the network without the distillation token
 * @param distilled true for a distillation token; otherwise the network equals the ViT, including parameter names
 */
public record Deit(Vit vit, boolean distilled) implements ModelConfig {

    @Override
    public Graph build() {
        return distilled ? withToken() : vit.build();
    }

    /** Class token, distillation token and patches, all with positions; logits are the mean of both heads. */
    private Graph withToken() {
        Graph g = new Graph(vit.init());
        Init init = new Init.TruncatedNormalInit(0.02);
        Tensor x = vit.embedding()
                .build(
                        g,
                        vit.image().input(g),
                        patches -> g.concat(
                                "with_dist",
                                0,
                                g.learnedTokens("dist_token", patches, 1, init),
                                patches)); // [2 + T, D]
        x = vit.encode(g, x); // [2 + T, D]
        x = g.layerNorm("norm", g.slice("cls_dist", x, 0, 0, 2), vit.head().normEps()); // [2, D]
        Tensor classLogits = g.dense("head", ClassToken.select(g, "cls", x, 0), classes()); // [K]
        Tensor distillLogits = g.dense("head_dist", ClassToken.select(g, "dist", x, 1), classes()); // [K]
        g.output("logits", g.scale("mean", g.add("sum", classLogits, distillLogits), 0.5)); // [K]
        g.output("logits_class", classLogits);
        g.output("logits_distill", distillLogits);
        return g;
    }

    public Deit {
        if (distilled) {
            var tokens = vit.embedding().tokens();
            var head = vit.head();
            Checks.require(
                    tokens.classToken() && head.pool() == TokenPool.CLS && head.norm() != HeadNorm.FC_NORM,
                    "distilled (true) needs class_token: true, pool: cls and fc_norm: false: both tokens have a head");
            Checks.require(
                    tokens.positioned() && tokens.registers() == 0,
                    "distilled (true) needs pos_prefix: true and register_tokens: 0: both tokens have positions");
            Checks.check(
                    head.drop() == 0,
                    "head_drop",
                    head.drop(),
                    "must be 0 if distilled is true: timm has no dropout before the two heads");
        }
    }

    @Override
    public String arch() {
        return "deit";
    }

    @Override
    public ImageSpec image() {
        return vit.image();
    }

    @Override
    public int classes() {
        return vit.classes();
    }

    static Optional<Deit> read(Section s, ImageSpec image, int classes) {
        boolean distilled = s.boolAt("distilled", false);
        return Vit.read(s, image, classes).flatMap(vit -> s.build(() -> new Deit(vit, distilled)));
    }
}
