package org.vit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.graph.analysis.ModelAnatomy;

/** {@code .npz} files of google-research and big_vision, compared with timm ({@code wrapped/make.py}). */
class GoogleResearchNpzTest {
    @ParameterizedTest
    @ValueSource(strings = {"google", "google_compressed", "big_vision"})
    void npzHasTheWeightsThatTimmReads(String file) {
        WrappedNetwork network = new WrappedNetwork(WrappedNetwork.YAML);
        network.load(WrappedNetwork.WRAPPED.resolve(file + ".npz"), Optional.empty(), false);
        network.hasTheValuesOf(WrappedNetwork.original(), "");
    }

    @ParameterizedTest
    @CsvSource({"24, 6", "12, 3"})
    void positionsOfNpzFilesAreResampledAsByTimm(int size, String side) {
        WrappedNetwork network = new WrappedNetwork(WrappedNetwork.YAML.replace("size: 16", "size: " + size));
        var grids = ModelAnatomy.grids(WrappedNetwork.original().graph());
        network.load(WrappedNetwork.WRAPPED.resolve("google.npz"), Optional.empty(), false, grids);
        float[] expected = SafeTensors.read(WrappedNetwork.WRAPPED.resolve("google_positions.safetensors"))
                .get(side)
                .values();
        assertThat(network.values("pos_embed")).containsExactly(expected, within(1e-6f));
        assertThat(network.notes())
                .containsExactly("pos_embed: resampled from 4x4 to " + side + "x" + side + " positions, bilinear");
        assertThat(Arrays.equals(
                        network.values("cls_token"), WrappedNetwork.original().values("cls_token")))
                .isTrue();
    }
}
