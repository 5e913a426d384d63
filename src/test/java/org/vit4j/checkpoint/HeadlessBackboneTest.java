package org.vit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.config.ConfigError;

/** Backbones without a head, as written by timm, MAE and transformers 5 ({@code wrapped/make.py}). */
class HeadlessBackboneTest {
    private static WrappedNetwork load(String file, String yaml, boolean newHead) {
        Path path = WrappedNetwork.WRAPPED.resolve(file);
        return new WrappedNetwork(yaml).load(path, Optional.empty(), newHead);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "headless.pth | -",
                "headless_mae.pth | not part of the model, skipped: 2 (mask_token, decoder_embed.weight)",
                "headless_projector.pth | another head in the file, skipped: 1 (head.mlp.0.weight)",
                "headless_hf_saved.safetensors | skipped: 2 (pooler.dense.bias, pooler.dense.weight)",
                "headless_hf_memory.pth | skipped: 2 (pooler.dense.weight, pooler.dense.bias)",
                "headless_hf_prefix.pth | skipped: 2 (vit.pooler.dense.weight, vit.pooler.dense.bias)"
            })
    void headIsInitializedAndOtherWeightsAreLoaded(String file, String note) {
        WrappedNetwork network = load(file, WrappedNetwork.YAML, true);
        network.hasTheValuesOf(WrappedNetwork.original(), "head.");
        WrappedNetwork initialized = new WrappedNetwork(WrappedNetwork.YAML);
        assertThat(network.values("head.kernel")).containsExactly(initialized.values("head.kernel"));
        assertThat(network.notes()).contains("no head in the file, initialized: 2 (head.kernel, head.bias)");
        if (note != null) assertThat(network.notes()).anyMatch(line -> line.contains(note));
    }

    @ParameterizedTest
    @ValueSource(strings = {"headless.pth", "headless_mae.pth", "headless_projector.pth", "headless_hf_prefix.pth"})
    void backboneIsRejectedUnlessHeadInitializationIsAllowed(String file) {
        assertThatThrownBy(() -> load(file, WrappedNetwork.YAML, false))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("missing: 2 (head.kernel, head.bias)")
                .hasMessageContaining("It is a backbone without a head; --classes N initializes a new head");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "depth: 1 | depth: 2 | missing: 12 (blocks.1.",
                "arch: vit | arch: vit, fc_norm: true, pool: mean | missing: 2 (fc_norm.gamma, fc_norm.beta)",
                "arch: vit | arch: vit, layer_scale: 1 | missing: 2 (blocks.0.ls1.gamma,"
            })
    void otherMissingWeightsAreRejected(String from, String to, String problem) {
        assertThatThrownBy(() -> load("headless.pth", WrappedNetwork.YAML.replace(from, to), true))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining(problem);
    }
}
