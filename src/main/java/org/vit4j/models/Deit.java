package org.vit4j.models;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.checkpoint.names.HuggingFaceNames;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.DistillationToken;
import org.vit4j.layers.TokenPool;

/**
 * DeiT: "Training data-efficient image transformers and distillation through attention", Touvron et al. 2021,
 * arXiv:2012.12877; DeiT III: "Revenge of the ViT", Touvron et al. 2022, arXiv:2204.07118. A ViT with another training
 * recipe and, optionally, a distillation token whose head learns from a teacher. DeiT III is a ViT with
 * {@code layer_scale} and {@code pos_prefix: false}.
 *
 * <p>official: huggingface/pytorch-image-models 0.9.16, {@code timm/models/deit.py}; community: lucidrains/vit-pytorch
 * 0.20.2, {@code distill.py}, DistillWrapper with DistillableViT. The losses are in {@code train.Distillation}.
 *
 * @param vit the network without the distillation token, of the same flavor
 * @param distilled true for a distillation token; otherwise the network equals the ViT, including parameter names
 */
public record Deit(Vit vit, boolean distilled) implements ModelConfig {
    public Deit {
        if (distilled && vit.flavor() == Flavor.OFFICIAL) {
            Checks.require(
                    vit.classToken() && vit.pool() == TokenPool.CLS && !vit.fcNorm(),
                    "distilled (true) needs class_token: true, pool: cls and fc_norm: false: both tokens have a head");
            Checks.require(
                    vit.posPrefix() && vit.registers() == 0,
                    "distilled (true) needs pos_prefix: true and register_tokens: 0: both tokens have positions");
            Checks.check(
                    vit.drops().head() == 0,
                    "head_drop",
                    vit.drops().head(),
                    "must be 0 if distilled is true: timm has no dropout before the two heads");
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

    /**
     * timm's network: class token, distillation token and patches, all with positions; logits are the mean of both
     * heads.
     */
    private Graph withToken() {
        Graph g = vit.graph();
        Init init = new Init.TruncatedNormalInit(0.02);
        Tensor x = vit.embed(
                g,
                patches -> g.concat(
                        "with_dist", 0, g.learnedTokens("dist_token", patches, 1, init), patches)); // [2 + T, D]
        x = vit.encode(g, x); // [2 + T, D]
        x = g.layerNorm("norm", g.slice("cls_dist", x, 0, 0, 2), vit.normEps()); // [2, D]
        Tensor classLogits = g.dense("head", token(g, "cls", x, 0), classes()); // [K]
        Tensor distillLogits = g.dense("head_dist", token(g, "dist", x, 1), classes()); // [K]
        g.output("logits", g.scale("mean", g.add("sum", classLogits, distillLogits), 0.5)); // [K]
        g.output("logits_class", classLogits);
        g.output("logits_distill", distillLogits);
        return g;
    }

    private Tensor token(Graph g, String name, Tensor x, int index) {
        return g.reshape(name + "_flat", g.slice(name, x, 0, index, index + 1), vit.dim()); // [D]
    }

    /** vit-pytorch's network: a wrapper that appends the token to a ViT; logits are those of the class head. */
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
                .named("authors"); // DeiT III; the names of the earlier DeiT are those of timm
        List<CheckpointNames> all = new ArrayList<>(List.of(keys(), authors));
        if (distilled) {
            all.add(HuggingFaceNames.vit("deit.", "head_dist", "distillation_classifier", "head", "cls_classifier"));
            all.add(HuggingFaceNames.vit("deit.", "head", "classifier")); // without the distillation head
        } else {
            all.addAll(
                    vit.schemes().subList(1, vit.schemes().size())); // Hugging Face has the DeiT without token as a ViT
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
                .then(vit.keys().withPrefix("student"));
    }
}
