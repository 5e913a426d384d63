package org.vit4j.models;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;

/** Architecture and hyperparameters of a network, read from a {@code model:} section. */
public sealed interface ModelConfig
        permits Vit, DeepVit, Deit, Levit, Cvt, ResNet, Cait, Pit, T2tVit, Vitae, CrossVit, Ceit {
    /** Values of {@code model.arch}. */
    List<String> ARCHITECTURES = List.of(
            "vit", "deepvit", "deit", "levit", "cvt", "resnet", "cait", "pit", "t2t_vit", "vitae", "crossvit", "ceit");

    Flavor flavor();

    ImageSpec image();

    int classes();

    /** Returns the value of {@code model.arch}. */
    String arch();

    /** Builds the network; its output {@code logits} is [K]. */
    Graph build();

    /**
     * Returns the parameter names of the reference code of this flavor: timm, or the authors' code if timm has none.
     */
    CheckpointNames keys();

    /** Returns the naming schemes of all published checkpoints of this network, {@link #keys} first. */
    default List<CheckpointNames> schemes() {
        return List.of(keys());
    }

    /** Returns {@link #schemes}, followed by schemes that are read but never written. */
    default List<CheckpointNames> importSchemes() {
        return schemes();
    }

    /** Reads a {@code model:} section. Reports problems to the section and then returns empty. */
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
