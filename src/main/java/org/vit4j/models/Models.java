package org.vit4j.models;

import static org.vit4j.models.Flavor.COMMUNITY;
import static org.vit4j.models.Flavor.OFFICIAL;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.vit4j.config.Config;
import org.vit4j.config.Section;
import org.vit4j.models.community.CommunityCait;
import org.vit4j.models.community.CommunityCeit;
import org.vit4j.models.community.CommunityCrossVit;
import org.vit4j.models.community.CommunityCvt;
import org.vit4j.models.community.CommunityDeepVit;
import org.vit4j.models.community.CommunityDeit;
import org.vit4j.models.community.CommunityLevit;
import org.vit4j.models.community.CommunityPit;
import org.vit4j.models.community.CommunityT2tVit;
import org.vit4j.models.community.CommunityVit;

/** The networks that a {@code model:} section can name. Immutable; {@link #with} returns a list with one more. */
public final class Models {
    private static final Models BUILT_IN = new Models(List.of(
            new Architecture("vit", OFFICIAL, Vit::read),
            new Architecture("vit", COMMUNITY, CommunityVit::read),
            new Architecture("deepvit", OFFICIAL, DeepVit::read),
            new Architecture("deepvit", COMMUNITY, CommunityDeepVit::read),
            new Architecture("deit", OFFICIAL, Deit::read),
            new Architecture("deit", COMMUNITY, CommunityDeit::read),
            new Architecture("levit", OFFICIAL, Levit::read),
            new Architecture("levit", COMMUNITY, CommunityLevit::read),
            new Architecture("cvt", OFFICIAL, Cvt::read),
            new Architecture("cvt", COMMUNITY, CommunityCvt::read),
            new Architecture("resnet", OFFICIAL, ResNet::read),
            new Architecture("cait", OFFICIAL, Cait::read),
            new Architecture("cait", COMMUNITY, CommunityCait::read),
            new Architecture("pit", OFFICIAL, Pit::read),
            new Architecture("pit", COMMUNITY, CommunityPit::read),
            new Architecture("t2t_vit", OFFICIAL, T2tVit::read),
            new Architecture("t2t_vit", COMMUNITY, CommunityT2tVit::read),
            new Architecture("vitae", OFFICIAL, Vitae::read),
            new Architecture("crossvit", OFFICIAL, CrossVit::read),
            new Architecture("crossvit", COMMUNITY, CommunityCrossVit::read),
            new Architecture("ceit", OFFICIAL, Ceit::read),
            new Architecture("ceit", COMMUNITY, CommunityCeit::read)));

    private final List<Architecture> architectures;

    private Models(List<Architecture> architectures) {
        this.architectures = List.copyOf(architectures);
    }

    /** Returns the networks of vit4j. */
    public static Models builtIn() {
        return BUILT_IN;
    }

    /** Returns a list that also has this network; it replaces one with the same name and flavor. */
    public Models with(Architecture network) {
        List<Architecture> all = new ArrayList<>(architectures);
        all.removeIf(other -> other.arch().equals(network.arch()) && other.flavor() == network.flavor());
        all.add(network);
        return new Models(all);
    }

    /**
     * Returns a network of vit4j.
     *
     * @param variant name of a packaged config, such as {@code deit_small_patch16_224}, or a YAML file
     * @throws org.vit4j.config.ConfigError if there is no such config, or its {@code model:} section has problems
     */
    public static Model named(String variant) {
        return BUILT_IN.open(variant);
    }

    /** Reads the {@code model:} section of a packaged config or a YAML file; see {@link #named}. */
    public Model open(String nameOrPath) {
        return open(nameOrPath, List.of());
    }

    /** Reads a config with overrides, {@code path=value}, which win over the file. */
    public Model open(String nameOrPath, List<String> overrides) {
        return read(more -> {
            List<String> all = new ArrayList<>(overrides);
            all.addAll(more);
            return Config.open(nameOrPath, all);
        });
    }

    /** Reads the {@code model:} section of a YAML text; {@code name} is the name of the network. */
    public Model parse(String yaml, String name) {
        return read(overrides -> Config.parse(yaml, name, overrides));
    }

    /**
     * Returns a network that was read from a config.
     *
     * @param resolved returns the resolved config, called when it is needed
     */
    public Model of(ModelConfig config, String name, Supplier<String> resolved) {
        return new Model(
                name, config, resolved, this, Optional.of(overrides -> Config.parse(resolved.get(), name, overrides)));
    }

    /** Reads the {@code model:} section of a saved model, which must not refer to other files. */
    public Model saved(String yaml, String label) {
        return read(overrides -> Config.parseSaved(yaml, label, overrides));
    }

    Model read(Model.ConfigOpener opener) {
        Config config = opener.open(List.of());
        Optional<? extends ModelConfig> model = read(config.root().section("model"));
        config.check();
        return new Model(config.name(), model.orElseThrow(), config::resolved, this, Optional.of(opener));
    }

    /** Returns the values of {@code model.arch}. */
    public List<String> names() {
        return architectures.stream().map(Architecture::arch).distinct().toList();
    }

    /** Reads a {@code model:} section. Reports problems to the section and then returns empty. */
    public Optional<? extends ModelConfig> read(Section s) {
        if (!s.has("arch")) {
            s.stringAt("arch");
            return Optional.empty();
        }
        String arch = s.choiceAt("arch", names());
        Flavor flavor = s.enumAt("flavor", Flavor.class, Flavor.OFFICIAL);
        ImageSpec image = ImageSpec.read(s.section("image"));
        int classes = s.intAt("classes", 1000);
        Optional<Architecture> network = architectures.stream()
                .filter(one -> one.arch().equals(arch) && one.flavor() == flavor)
                .findFirst();
        if (network.isEmpty()) {
            String rule = "flavor (%s) is not supported by %s, which has only %s";
            s.reject("flavor", String.format(Locale.ROOT, rule, word(flavor), arch, flavors(arch)));
            return Optional.empty();
        }
        return network.get().reader().read(s, image, classes);
    }

    private String flavors(String arch) {
        return String.join(
                ", ",
                architectures.stream()
                        .filter(one -> one.arch().equals(arch))
                        .map(one -> word(one.flavor()))
                        .toList());
    }

    private static String word(Flavor flavor) {
        return flavor.name().toLowerCase(Locale.ROOT);
    }
}
