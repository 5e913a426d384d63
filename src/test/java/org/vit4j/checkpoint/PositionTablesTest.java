package org.vit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vit4j.graph.Op;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Tensor;

/** Position tables of non-square grids with prefix tokens, with and without a known published grid. */
class PositionTablesTest {
    private static final String BASE =
            ", image: {size: [16, 64]}, classes: 5, patch_size: 4, dim: 8, depth: 1, heads: 2}";

    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{arch: vit | 1",
                "{arch: vit, register_tokens: 3 | 4",
                "{arch: vit, register_tokens: 4, pos_prefix: false | 0",
                "{arch: vit, class_token: false, pool: mean | 0",
                "{arch: deit, distilled: true | 2"
            })
    void tablesOfEqualLengthAreCopiedAndOthersResampled(String arch, int prefix) throws IOException {
        WrappedNetwork published = new WrappedNetwork(arch + BASE);
        Path file = write(published);
        PositionGrid grid = new PositionGrid(prefix, 4, 16);

        // The published grid is unknown to train.init and known to the import command.
        for (Map<String, PositionGrid> grids : List.of(Map.<String, PositionGrid>of(), Map.of("pos_embed", grid))) {
            WrappedNetwork same = new WrappedNetwork(arch + BASE).load(file, Optional.empty(), false, grids);
            same.hasTheValuesOf(published, "");
            assertThat(same.notes()).isEmpty();
        }

        WrappedNetwork square = new WrappedNetwork(arch + BASE.replace("[16, 64]", "[32, 32]"));
        square.load(file, Optional.empty(), false, Map.of("pos_embed", grid));
        assertThat(square.notes()).containsExactly("pos_embed: resampled from 4x16 to 8x8 positions, bicubic");
        assertThat(square.values("pos_embed"))
                .containsExactly(WeightAdaptation.resamplePositions(
                        published.values("pos_embed"), grid, new PositionGrid(prefix, 8, 8)));
    }

    /** Writes random weights with the names of timm. */
    private Path write(WrappedNetwork network) throws IOException {
        Random random = new Random(3);
        List<SafeTensors.TensorSource> sources = network.graph().parameters().stream()
                .map(weight -> {
                    CheckpointLayout layout = network.layout(weight);
                    Op owner = network.graph().tensors().stream()
                            .filter(tensor -> tensor.parameters().contains(weight))
                            .map(Tensor::op)
                            .findFirst()
                            .orElseThrow();
                    int[] shape = layout.checkpointShape(owner);
                    float[] values = new float[(int) weight.size()];
                    for (int i = 0; i < values.length; i++) values[i] = (float) random.nextGaussian();
                    network.set(weight, layout.toModel(shape, values));
                    return new SafeTensors.TensorSource(layout.key(), shape, () -> values);
                })
                .toList();
        Path file = directory.resolve("published.safetensors");
        SafeTensors.write(file, sources, Map.of());
        return file;
    }
}
