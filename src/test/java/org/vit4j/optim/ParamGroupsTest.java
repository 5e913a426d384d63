package org.vit4j.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.vit4j.backend.ParameterStore;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.run.RunConfig;

/** Learning rate and weight decay per parameter: layer-wise decay with timm's layer indices, and groups by name. */
class ParamGroupsTest {
    private static Map<String, Integer> depths(String config) {
        return LayerDepths.of(RunConfig.open(config, List.of()).model().graph());
    }

    @Test
    void layerIndicesOfAPlainTransformerEqualTimm() {
        Map<String, Integer> depths = depths("vit_tiny_patch16_224");
        assertThat(depths)
                .containsEntry("cls_token", 0)
                .containsEntry("pos_embed", 0)
                .containsEntry("patch_embed.proj.kernel", 0)
                .containsEntry("blocks.0.norm1.gamma", 1)
                .containsEntry("blocks.0.mlp.fc2.bias", 1)
                .containsEntry("blocks.11.attn.qkv.kernel", 12)
                .containsEntry("norm.gamma", 12)
                .containsEntry("head.kernel", 13);
    }

    /** timm 1.0.31: {@code fc_norm} and LeViT's {@code head.bn} have the scale of the head. */
    @Test
    void aNormAfterTheMeanOverTokensBelongsToTheHead() {
        Map<String, Integer> vit = LayerDepths.of(RunConfig.open("vit_tiny_patch16_224", List.of("model.pool=mean"))
                .model()
                .graph());
        assertThat(vit).containsEntry("fc_norm.gamma", 13).containsEntry("head.kernel", 13);
        assertThat(vit).containsEntry("blocks.11.attn.qkv.kernel", 12);
        Map<String, Integer> levit = depths("levit_128s");
        assertThat(levit).containsEntry("head.bn.gamma", levit.get("head.linear.kernel"));
    }

    /** Number of blocks from timm's patterns or the tables of the papers. */
    @Test
    void blocksAreFoundFromTheGraph() {
        Map<String, Integer> layers = Map.of(
                "cait_xxs24_224", 24 + 2, // blocks and class-attention blocks
                "cvt_13", 1 + 2 + 10,
                "pit_ti_224", 2 + 6 + 4,
                "levit_128s", 2 + 3 + 4,
                "crossvit_9_240", 3, // a block is both branches and their fusion
                "deepvit_patch16_224_re_attn_16b", 16,
                "ceit_tiny", 12);
        layers.forEach((config, blocks) -> {
            Map<String, Integer> depths = depths(config);
            assertThat(depths.values().stream().distinct().count()).as(config).isEqualTo(blocks + 2L);
            assertThat(depths.values()).as(config).contains(0, blocks + 1);
        });
    }

    @Test
    void everyParameterOfEveryDigitsModelHasALayerIndex() {
        for (String arch :
                List.of("cait", "ceit", "crossvit", "cvt", "deepvit", "deit", "levit", "pit", "t2t_vit", "vitae")) {
            Graph graph = RunConfig.open("digits-" + arch, List.of()).model().graph();
            assertThat(LayerDepths.of(graph).keySet())
                    .as(arch)
                    .containsExactlyInAnyOrderElementsOf(
                            graph.parameters().stream().map(w -> w.name()).toList());
        }
    }

    private static Map<String, ParamRange> ranges(String... more) {
        List<String> overrides = new ArrayList<>(List.of(more));
        RunConfig config = RunConfig.open("digits-vit", overrides);
        Graph graph = config.model().graph();
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        ParamGroups ranges = config.train().groups().paramGroups(graph, parameters, 0.05, name -> true);
        return ranges.ranges().stream().collect(Collectors.toMap(ParamRange::parameter, Function.identity()));
    }

    @Test
    void layerDecayReducesTheRateTowardsTheStem() {
        Map<String, ParamRange> ranges = ranges("train.optimizer.layer_decay=0.5");
        assertThat(ranges.get("head.kernel").lrScale()).isEqualTo(1);
        assertThat(ranges.get("blocks.3.attn.qkv.kernel").lrScale()).isEqualTo(0.5);
        assertThat(ranges.get("blocks.0.attn.qkv.kernel").lrScale()).isEqualTo(Math.pow(0.5, 4));
        assertThat(ranges.get("pos_embed").lrScale()).isEqualTo(Math.pow(0.5, 5));
        assertThat(ranges.get("blocks.0.attn.qkv.kernel").weightDecay()).isEqualTo(0.05);
        assertThat(ranges.get("blocks.0.attn.qkv.bias").weightDecay()).isZero();
    }

    @Test
    void theFirstMatchingGroupApplies() {
        Map<String, ParamRange> ranges = ranges(
                "train.optimizer.layer_decay=0.5",
                "train.optimizer.groups=[{match: 'blocks.0.*', lr_scale: 0.1}, {match: '*.bias', weight_decay: 0.2}]");
        assertThat(ranges.get("blocks.0.attn.qkv.bias").weightDecay()).isZero();
        assertThat(ranges.get("blocks.0.attn.qkv.bias").lrScale()).isCloseTo(Math.pow(0.5, 4) * 0.1, within(1e-15));
        assertThat(ranges.get("blocks.1.attn.qkv.bias").weightDecay()).isEqualTo(0.2);
        assertThat(ranges.get("blocks.1.attn.qkv.kernel").weightDecay()).isEqualTo(0.05);
    }

    @Test
    void patternsThatMatchNothingAreRejected() {
        assertThatThrownBy(() -> ranges("train.optimizer.groups=[{match: 'block.0.*', lr_scale: 0.1}]"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("train.optimizer.groups: 'block.0.*' matches no trainable parameter");
        assertThatThrownBy(() -> ranges("train.freeze=[patchembed.*]"))
                .hasMessageContaining("train.freeze: 'patchembed.*' matches no trainable parameter");
        assertThatThrownBy(() -> ranges("train.freeze=['*']")).hasMessageContaining("leaves no trainable parameter");
    }

    @Test
    void patternsMatchTheFullName() {
        assertThat(new NamePattern("blocks.1.*").matches("blocks.1.attn.qkv.kernel"))
                .isTrue();
        assertThat(new NamePattern("blocks.1.*").matches("blocks.11.attn.qkv.kernel"))
                .isFalse();
        assertThat(new NamePattern("blocks.?.*bias").matches("blocks.1.mlp.fc1.bias"))
                .isTrue();
        assertThat(new NamePattern("*.bias").matches("norm_bias")).isFalse();
        assertThat(new NamePattern("head").matches("head.kernel")).isFalse();
        assertThat(new NamePattern("a\\E(*").matches("a\\E(b")).isTrue();
        assertThat(new NamePattern("").matches("")).isTrue();
        assertThat(new NamePattern("**").matches("")).isTrue();
    }
}
