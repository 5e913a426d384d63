package org.vit4j.backend.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.vit4j.backend.Mode;
import org.vit4j.graph.Graph;
import org.vit4j.run.RunConfig;

/** Attentions that are one operation. */
class TorchFusionTest {
    private static TorchFusion fusion(String config, List<String> overrides, Set<String> kept, Mode mode) {
        Graph graph = RunConfig.open(config, overrides).model().graph();
        return TorchFusion.of(graph.tensors().stream().toList(), kept, mode);
    }

    @Test
    void attentionIsFusedInEveryBlock() {
        TorchFusion fusion = fusion("digits-vit", List.of(), Set.of(), Mode.TRAINING);
        assertThat(fusion.scores()).hasSize(4);
        assertThat(fusion.skipped()).hasSize(8).contains("blocks.0.attn.probs");
    }

    @Test
    void mapsThatAreReadAreComputed() {
        TorchFusion fusion = fusion("digits-vit", List.of(), Set.of("blocks.1.attn.probs"), Mode.INFERENCE);
        assertThat(fusion.scores()).hasSize(3);
        assertThat(fusion.skipped()).doesNotContain("blocks.1.attn.probs");
    }

    @Test
    void dropoutOfMapsPreventsFusionInTrainingOnly() {
        List<String> dropout = List.of("model.attn_drop=0.1");
        assertThat(fusion("digits-vit", dropout, Set.of(), Mode.TRAINING).scores())
                .isEmpty();
        assertThat(fusion("digits-vit", dropout, Set.of(), Mode.INFERENCE).scores())
                .hasSize(4);
    }

    @Test
    void mixedMapsAndBiasedScoresAreNotFused() {
        assertThat(fusion("digits-deepvit", List.of(), Set.of(), Mode.INFERENCE).scores())
                .isEmpty();
        assertThat(fusion("digits-levit", List.of(), Set.of(), Mode.INFERENCE).scores())
                .isEmpty();
    }
}
