package org.vit4j.models;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.DistillationToken;

/**
 * DeiT: "Training data-efficient image transformers and distillation through attention", Touvron et al. 2021,
 * arXiv:2012.12877; DeiT III: "Revenge of the ViT", Touvron et al. 2022, arXiv:2204.07118. A ViT, trained by another
 * recipe, that may have a second token with a head of its own, which learns from a teacher. DeiT III is a ViT with
 * {@code layer_scale} and {@code pos_prefix: false}.
 *
 * <p>official: huggingface/pytorch-image-models 0.9.16, {@code timm/models/deit.py}; community: lucidrains/vit-pytorch
 * 0.20.2, {@code distill.py}, DistillWrapper with DistillableViT. The losses are in {@code train.Distillation}.
 *
 * @param vit everything but the token, of the same flavor
 * @param distilled whether there is the token; without it this is the ViT, weight by weight
 */
public record Deit(Vit vit, boolean distilled) implements ModelConfig {
    public Deit {
        if (distilled && vit.flavor() == Flavor.OFFICIAL) {
            Checks.require(
                    vit.classToken() && vit.pool() == Vit.TokenPool.CLS && !vit.fcNorm(),
                    "distilled (true) needs class_token: true, pool: cls and fc_norm: false: both tokens are read out");
            Checks.require(
                    vit.posPrefix() && vit.registers() == 0,
                    "distilled (true) needs pos_prefix: true and register_tokens: 0: both tokens have positions");
            Checks.require(
                    vit.drops().head() == 0,
                    "head_drop (%s) must be 0 when distilled: timm has none in front of the two heads",
                    vit.drops().head());
        }
    }

    static Optional<Deit> read(Section s, Flavor flavor, ImageSpec image, int classes) {
        boolean distilled = s.boolAt("distilled", flavor == Flavor.COMMUNITY);
        return Vit.read(s, flavor, image, classes).flatMap(vit -> s.build(() -> new Deit(vit, distilled)));
    }

    @Override
    public Flavor flavor() {
        return vit.flavor();
    }

    @Override
    public ImageSpec image() {
        return vit.image();
    }

    @Override
    public int classes() {
        return vit.classes();
    }

    @Override
    public String arch() {
        return "deit";
    }

    @Override
    public Graph build() {
        if (!distilled) return vit.build();
        return flavor() == Flavor.OFFICIAL ? withToken() : wrapped();
    }

    /** Tokens: class, distillation, patches, all with positions. The answer is the mean of both heads. */
    private Graph withToken() {
        Graph g = vit.graph();
        Init init = new Init.TruncatedNormalInit(0.02);
        Tensor x = vit.embed(
                g,
                patches -> g.concat(
                        "distilled", 0, g.learnedTokens("dist_token", patches, 1, init), patches)); // [2 + T, D]
        x = vit.encode(g, x); // [2 + T, D]
        x = g.layerNorm("norm", g.slice("read", x, 0, 0, 2), vit.normEps()); // [2, D]
        Tensor ofClass = g.dense("head", one(g, "cls", x, 0), classes()); // [K]
        Tensor ofToken = g.dense("head_dist", one(g, "dist", x, 1), classes()); // [K]
        g.output("logits", g.scale("mean", g.add("both", ofClass, ofToken), 0.5)); // [K]
        g.output("logits_class", ofClass);
        g.output("logits_distill", ofToken);
        return g;
    }

    private Tensor one(Graph g, String name, Tensor x, int token) {
        return g.reshape(name, g.slice(name + "_slice", x, 0, token, token + 1), vit.dim()); // [D]
    }

    /** vit-pytorch's wrapper around a student that knows nothing of it. */
    private Graph wrapped() {
        Graph g = vit.graph();
        Tensor x = vit.encode(g, DistillationToken.append(g, vit.embed(g, patches -> patches))); // [1 + T + 1, D]
        DistillationToken.head(g, x, vit.head(g, DistillationToken.without(g, x)));
        return g;
    }

    @Override
    public List<CheckpointNames> schemes() {
        if (flavor() == Flavor.COMMUNITY) return List.of(keys());
        CheckpointNames authors = CheckpointNames.of(
                        "blocks.{i}.ls1.gamma", "blocks.{i}.gamma_1",
                        "blocks.{i}.ls2.gamma", "blocks.{i}.gamma_2")
                .named("authors"); // of DeiT III; before, their names were timm's
        List<CheckpointNames> all = new ArrayList<>(List.of(keys(), authors));
        if (distilled) {
            all.add(HuggingFaceNames.vit("deit.", "head_dist", "distillation_classifier", "head", "cls_classifier"));
            all.add(HuggingFaceNames.vit("deit.", "head", "classifier")); // without the teacher's head
        } else {
            all.addAll(vit.schemes().subList(1, vit.schemes().size())); // a DeiT without the token is a ViT there
        }
        return all;
    }

    @Override
    public List<CheckpointNames> importSchemes() {
        List<CheckpointNames> all = new ArrayList<>(schemes());
        if (flavor() == Flavor.COMMUNITY) return all;
        if (distilled) {
            all.add(HuggingFaceNames.vit(""));
            all.add(HuggingFaceNames.vit5("deit.", "head_dist", "distillation_classifier", "head", "cls_classifier"));
            all.add(HuggingFaceNames.vit5(""));
        } else {
            List<CheckpointNames> ofVit = vit.importSchemes();
            all.addAll(ofVit.subList(vit.schemes().size(), ofVit.size()));
        }
        return all;
    }

    @Override
    public CheckpointNames keys() {
        if (!distilled || flavor() == Flavor.OFFICIAL) return vit.keys();
        return CheckpointNames.of(
                        "dist_token", "distillation_token", "dist_norm", "distill_mlp.0", "head_dist", "distill_mlp.1")
                .then(vit.keys().below("student"));
    }
}
