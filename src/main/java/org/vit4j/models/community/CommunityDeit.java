package org.vit4j.models.community;

import java.util.Optional;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.DistillationToken;
import org.vit4j.models.Flavor;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.ModelConfig;
import org.vit4j.models.Vit;

/**
 * DeiT (Touvron et al. 2021, arXiv:2012.12877) as in lucidrains/vit-pytorch 0.20.2, {@code distill.py}: DistillWrapper
 * appends the distillation token to a DistillableViT; logits are those of the class head.
 *
 * @param student the network without the distillation token
 * @param distilled true for a distillation token; otherwise the network equals the student
 */
public record CommunityDeit(CommunityVit student, boolean distilled) implements ModelConfig {
    /** PyTorch's default, independent of the epsilon of the student. */
    private static final double NORM_EPS = 1e-5;

    @Override
    public Graph build() {
        if (!distilled) return student.build();
        Vit vit = student.vit();
        Graph g = new Graph(vit.init());
        Tensor x = vit.embedding().build(g, image().input(g), patches -> patches); // [1 + T, D]
        x = vit.encode(g, DistillationToken.append(g, x, new Init.NormalInit(1))); // [1 + T + 1, D]
        Tensor logits = vit.head().build(g, DistillationToken.without(g, x), classes()); // [K]
        DistillationToken.head(g, x, logits, NORM_EPS);
        return g;
    }

    @Override
    public String arch() {
        return "deit";
    }

    @Override
    public Flavor flavor() {
        return Flavor.COMMUNITY;
    }

    @Override
    public ImageSpec image() {
        return student.image();
    }

    @Override
    public int classes() {
        return student.classes();
    }

    /** Reads {@code distilled} and the keys of {@link CommunityVit}. */
    public static Optional<CommunityDeit> read(Section s, ImageSpec image, int classes) {
        boolean distilled = s.boolAt("distilled", true);
        return CommunityVit.read(s, image, classes).flatMap(vit -> s.build(() -> new CommunityDeit(vit, distilled)));
    }
}
