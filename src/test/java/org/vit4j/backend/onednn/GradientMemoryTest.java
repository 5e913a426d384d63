package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Backend;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.MemoryBlock;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.RequiresOneDnn;
import org.vit4j.config.Config;
import org.vit4j.graph.Graph;
import org.vit4j.models.Models;

/** Activations in the memory of gradients that are not yet written. */
@RequiresOneDnn
class GradientMemoryTest {
    private static final String CONFIG =
            "{model: {arch: vit, classes: 3, image: {size: 16}, patch_size: 4, dim: 64," + " depth: 3, heads: 2}}";

    private final Graph graph = Models.builtIn()
            .read(Config.parse(CONFIG, "small.yaml").root().section("model"))
            .orElseThrow()
            .build();
    private final ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
    private final INDArray images;

    GradientMemoryTest() {
        parameters.initialize(1);
        Nd4j.getRandom().setSeed(1);
        images = Nd4j.randn(DataType.FLOAT, 8, 16, 16, 3);
    }

    private GradientStep step() {
        GradientStep.GradientSpec spec = new GradientStep.GradientSpec(
                network ->
                        network.output("logits").mul(network.output("logits")).sum(),
                List.of(graph.logits().name()));
        return Backend.ONEDNN.step(graph, parameters, Mode.TRAINING, spec);
    }

    @Test
    void theForwardPassUsesTheMemoryOfGradients() {
        try (GradientStep step = step()) {
            step.run(Map.of("image", images));
            float[] before = step.flatGradient().data().asFloat();
            step.forwardLoss(Map.of("image", images));
            assertThat(step.flatGradient().data().asFloat()).isNotEqualTo(before);
        }
    }

    @Test
    void gradientsDoNotDependOnTheValuesThatWereInTheirMemory() {
        try (GradientStep step = step()) {
            step.run(Map.of("image", images));
            float[] gradient = step.flatGradient().data().asFloat();
            double loss = step.loss();
            step.flatGradient().assign(Float.NaN);
            step.run(Map.of("image", images));
            assertThat(step.loss()).isEqualTo(loss);
            assertThat(step.flatGradient().data().asFloat()).isEqualTo(gradient);
        }
    }

    @Test
    void outputsSurviveChangesOfTheGradients() {
        try (GradientStep step = step()) {
            step.run(Map.of("image", images));
            float[] logits = step.tensor(graph.logits().name()).dup().data().asFloat();
            step.flatGradient().assign(Float.NaN);
            assertThat(step.tensor(graph.logits().name()).data().asFloat()).isEqualTo(logits);
        }
    }

    @Test
    void aGradientIsReservedFromTheFirstStepThatTouchesItToTheEnd() {
        INDArray flat = Nd4j.zeros(DataType.FLOAT, parameters.trainable().length());
        GradientMemory memory = GradientMemory.of(parameters, flat);
        String name = "blocks.1.mlp.fc1.kernel";
        StridedArray array = memory.targets().get(name).array;
        memory.extendLifetime(array.slice(0, 1, 2), 7);
        memory.extendLifetime(StridedArray.temporary(4), 3);
        memory.keepUntil(20);
        List<MemoryBlock> touched =
                memory.reserved().stream().filter(block -> block.first() == 7).toList();
        assertThat(touched).hasSize(1);
        assertThat(touched.get(0).last()).isEqualTo(20);
        assertThat(memory.origin() + touched.get(0).offset()).isEqualTo(array.address());
        assertThat(touched.get(0).length()).isEqualTo(array.size() * Float.BYTES);
    }

    @Test
    void noOtherArrayIsPlacedOutsideTheMemoryOfTheGradients() {
        INDArray flat = Nd4j.zeros(DataType.FLOAT, parameters.trainable().length());
        GradientMemory memory = GradientMemory.of(parameters, flat);
        memory.keepUntil(9);
        long begin = flat.data().address();
        PlannedBuffer[] buffers = new PlannedBuffer[40];
        Arrays.setAll(buffers, i -> PlannedBuffer.temporary(ElementType.F32, 1000 + 100 * i));
        for (PlannedBuffer buffer : buffers) buffer.block().extendLifetime(0);
        try (BufferArena arena = new BufferArena(List.of(buffers), memory)) {
            long inside = Arrays.stream(buffers)
                    .filter(buffer -> buffer.address() >= begin
                            && buffer.address() + buffer.block().length() <= begin + flat.length() * Float.BYTES)
                    .count();
            long outside = Arrays.stream(buffers)
                    .filter(buffer -> buffer.address() + buffer.block().length() <= begin
                            || buffer.address() >= begin + flat.length() * Float.BYTES)
                    .count();
            assertThat(inside).isPositive();
            assertThat(inside + outside).as("none lies across an end").isEqualTo(buffers.length);
            long total = Arrays.stream(buffers)
                    .mapToLong(buffer -> buffer.block().length())
                    .sum();
            assertThat(arena.bytes()).isLessThan(total);
        }
    }
}
