package org.vit4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffGradients;
import org.vit4j.backend.samediff.SameDiffGraph;
import org.vit4j.backend.samediff.SameDiffLowering;
import org.vit4j.config.Config;
import org.vit4j.graph.Graph;
import org.vit4j.models.Models;

class LayerDropoutTest {
    private static final String TINY = "{model: {arch: cait, flavor: community, classes: 3, image: {size: 8},"
            + " patch_size: 4, dim: 8, depth: 3, class_depth: 1, heads: 2, head_dim: 4, mlp_dim: 8, layer_dropout: 0.6}}";

    @Test
    void oneLayerIsAlwaysKeptAndAllExamplesDropTheSameLayers() {
        var mask = new DropMask("blocks.mask", org.vit4j.graph.Shape.of(3), 0.9, true);
        SplittableRandom random = new SplittableRandom(1);
        int dropped = 0;
        for (int i = 0; i < 1000; i++) {
            float[] drawn = DropoutMasks.layers(mask, 2, random);
            assertThat(drawn).hasSize(6).containsAnyOf(1).containsOnly(0, 1);
            assertThat(new float[] {drawn[3], drawn[4], drawn[5]})
                    .containsExactly(new float[] {drawn[0], drawn[1], drawn[2]});
            dropped += (int) IntStream.range(0, 3).filter(j -> drawn[j] == 0).count();
        }
        // 3 x 0.9, minus the layer that is kept when all three would be dropped (0.9^3).
        assertThat(dropped / 1000.0).isBetween(1.92, 2.02);
    }

    @Test
    void aDroppedLayerReturnsItsInput() {
        Config config = Config.parse(TINY, "tiny.yaml");
        Graph graph = Models.builtIn()
                .read(config.root().section("model"))
                .orElseThrow()
                .build();
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        SameDiffGraph lowered = SameDiffLowering.lower(graph, parameters, Mode.TRAINING);
        assertThat(lowered.masks()).extracting(DropMask::name).containsExactly("blocks.mask", "blocks_token_only.mask");
        SDVariable before = lowered.variable("blocks.0.add2");
        SDVariable after = lowered.variable("blocks.1.add2");
        SDVariable last = lowered.variable("blocks.2.add2");
        Map<String, INDArray> inputs = new HashMap<>();
        inputs.put("image", Nd4j.rand(DataType.FLOAT, 2, 8, 8, 3));
        inputs.put("blocks.mask", Nd4j.createFromArray(new float[][] {{1, 0, 1}, {1, 0, 1}}));
        inputs.put("blocks_token_only.mask", Nd4j.ones(DataType.FLOAT, 2, 1));
        SDVariable loss = lowered.output("logits").mul(lowered.output("logits")).sum();
        try (SameDiffGradients gradients = new SameDiffGradients(lowered, loss, List.of(before, after, last))) {
            Map<String, INDArray> out = gradients.run(inputs);
            assertThat(out.get(after.name())).isEqualTo(out.get(before.name()));
            assertThat(out.get(last.name())).isNotEqualTo(out.get(after.name()));
            assertThat(gradients
                            .gradientOf("blocks.1.mlp.fc1.kernel")
                            .norm2Number()
                            .doubleValue())
                    .isZero();
            assertThat(gradients
                            .gradientOf("blocks.2.mlp.fc1.kernel")
                            .norm2Number()
                            .doubleValue())
                    .isPositive();
        }
    }
}
