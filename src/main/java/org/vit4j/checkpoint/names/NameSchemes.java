package org.vit4j.checkpoint.names;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.vit4j.models.Cait;
import org.vit4j.models.Ceit;
import org.vit4j.models.CrossVit;
import org.vit4j.models.Cvt;
import org.vit4j.models.DeepVit;
import org.vit4j.models.Deit;
import org.vit4j.models.Levit;
import org.vit4j.models.ModelConfig;
import org.vit4j.models.Pit;
import org.vit4j.models.Vit;
import org.vit4j.models.Vitae;
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

/**
 * Naming schemes of the published checkpoints of a network.
 *
 * @param published the scheme of the reference code first: timm, or the authors' code if timm does not have the network
 * @param all the published schemes, followed by schemes that are read but never written
 */
public record NameSchemes(List<CheckpointNames> published, List<CheckpointNames> all) {
    /** The networks whose published names differ from vit4j's, one line each. */
    private static final List<NetworkNames<?>> NETWORKS = List.of(
            entry(Vit.class, VitNames::vit),
            entry(CommunityVit.class, vit -> published(VitNames.VIT_PYTORCH)),
            entry(Deit.class, VitNames::deit),
            entry(CommunityDeit.class, VitNames::communityDeit),
            entry(DeepVit.class, deepVit -> published(DeepVitNames.AUTHORS)),
            entry(CommunityDeepVit.class, deepVit -> published(DeepVitNames.VIT_PYTORCH)),
            entry(Cait.class, cait -> published(CaitNames.timm())),
            entry(CommunityCait.class, cait -> published(CaitNames.vitPytorch())),
            entry(CommunityT2tVit.class, t2tVit -> published(T2tVitNames.vitPytorch(t2tVit))),
            entry(Vitae.class, vitae -> published(VitaeNames.authors(vitae))),
            entry(Pit.class, PitNames::of),
            entry(CommunityPit.class, PitNames::of),
            entry(CrossVit.class, CrossVitNames::of),
            entry(CommunityCrossVit.class, CrossVitNames::of),
            entry(Ceit.class, CeitNames::of),
            entry(CommunityCeit.class, CeitNames::of),
            entry(Levit.class, LevitNames::of),
            entry(CommunityLevit.class, LevitNames::of),
            entry(Cvt.class, CvtNames::of),
            entry(CommunityCvt.class, CvtNames::of));

    public NameSchemes {
        published = List.copyOf(published);
        all = List.copyOf(all);
    }

    /** Schemes that are all published. */
    static NameSchemes published(CheckpointNames... schemes) {
        return new NameSchemes(List.of(schemes), List.of(schemes));
    }

    /** Returns the schemes of a network; a network that is not listed here has vit4j's own names. */
    public static NameSchemes of(ModelConfig model) {
        return NETWORKS.stream()
                .flatMap(network -> network.of(model).stream())
                .findFirst()
                .orElse(published(CheckpointNames.SAME));
    }

    /** Returns the parameter names of the reference code. */
    public CheckpointNames reference() {
        return published.get(0);
    }

    private static <C extends ModelConfig> NetworkNames<C> entry(Class<C> type, Function<C, NameSchemes> schemes) {
        return new NetworkNames<>(type, schemes);
    }

    /** Naming schemes of the networks of one record type. */
    private record NetworkNames<C extends ModelConfig>(Class<C> type, Function<C, NameSchemes> schemes) {
        Optional<NameSchemes> of(ModelConfig model) {
            return type.isInstance(model) ? Optional.of(schemes.apply(type.cast(model))) : Optional.empty();
        }
    }
}
