package org.vit4j.models;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;

/** What a {@code model:} section describes: one of the architectures with all its numbers. */
public sealed interface ModelConfig
        permits Vit, DeepVit, Deit, Levit, Cvt, ResNet, Cait, Pit, T2tVit, Vitae, CrossVit, Ceit {
    /** The words of {@code model.arch}. */
    List<String> ARCHITECTURES = List.of(
            "vit", "deepvit", "deit", "levit", "cvt", "resnet", "cait", "pit", "t2t_vit", "vitae", "crossvit", "ceit");

    Flavor flavor();

    ImageSpec image();

    int classes();

    /** The word of {@code model.arch}. */
    String arch();

    /** The network; its output {@code logits} is [K]. */
    Graph build();

    /** How the code this flavor follows names the weights: timm's, or the authors' where timm has no such network. */
    CheckpointNames keys();

    /** Every way in which published checkpoints of this network name the weights, {@link #keys} first. */
    default List<CheckpointNames> schemes() {
        return List.of(keys());
    }

    /** {@link #schemes}, then those in which checkpoints are read but not written. */
    default List<CheckpointNames> importSchemes() {
        return schemes();
    }

    /** Reads a {@code model:} section; empty when something in it is wrong, which is noted then. */
    static Optional<? extends ModelConfig> read(Section s) {
        if (!s.has("arch")) {
            s.stringAt("arch");
            return Optional.empty();
        }
        String arch = s.choiceAt("arch", ARCHITECTURES);
        Flavor flavor = s.enumAt("flavor", Flavor.class, Flavor.OFFICIAL);
        ImageSpec image = ImageSpec.read(s.section("image"));
        int classes = s.intAt("classes", 1000);
        return switch (arch) {
            case "vit" -> Vit.read(s, flavor, image, classes);
            case "deepvit" -> DeepVit.read(s, flavor, image, classes);
            case "deit" -> Deit.read(s, flavor, image, classes);
            case "levit" -> Levit.read(s, flavor, image, classes);
            case "cvt" -> Cvt.read(s, flavor, image, classes);
            case "resnet" -> ResNet.read(s, flavor, image, classes);
            case "cait" -> Cait.read(s, flavor, image, classes);
            case "pit" -> Pit.read(s, flavor, image, classes);
            case "t2t_vit" -> T2tVit.read(s, flavor, image, classes);
            case "vitae" -> Vitae.read(s, flavor, image, classes);
            case "crossvit" -> CrossVit.read(s, flavor, image, classes);
            case "ceit" -> Ceit.read(s, flavor, image, classes);
            default -> throw new AssertionError(arch);
        };
    }
}
