package org.vit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.config.ConfigError;

/** Rejection of weights of vit-pytorch releases after 0.20.2, by the names in their {@code vit.py}. */
class LaterVitPytorchTest {
    @TempDir
    Path directory;

    private static SafeTensors.TensorSource zeros(String name, int... shape) {
        int size = 1;
        for (int dim : shape) size *= dim;
        float[] values = new float[size];
        return new SafeTensors.TensorSource(name, shape, () -> values);
    }

    private Path file() throws IOException {
        String layer = "transformer.layers.0.";
        List<SafeTensors.TensorSource> all = new ArrayList<>(List.of(
                zeros("pos_embedding", 1, 17, 8),
                zeros("cls_token", 1, 1, 8),
                zeros("to_patch_embedding.1.weight", 48),
                zeros("to_patch_embedding.1.bias", 48),
                zeros("to_patch_embedding.2.weight", 8, 48),
                zeros("to_patch_embedding.2.bias", 8),
                zeros("to_patch_embedding.3.weight", 8),
                zeros("to_patch_embedding.3.bias", 8),
                zeros(layer + "0.norm.weight", 8),
                zeros(layer + "0.norm.bias", 8),
                zeros(layer + "0.to_qkv.weight", 24, 8),
                zeros(layer + "1.net.1.weight", 32, 8),
                zeros("transformer.norm.weight", 8),
                zeros("transformer.norm.bias", 8),
                zeros("mlp_head.weight", 5, 8),
                zeros("mlp_head.bias", 5)));
        Path file = directory.resolve("vit.safetensors");
        SafeTensors.write(file, all, Map.of());
        return file;
    }

    @ParameterizedTest
    @ValueSource(strings = {"{arch: vit", "{arch: vit, flavor: community", "{arch: deepvit", "{arch: cait"})
    void isRejectedWithTheSupportedRelease(String arch) {
        String rest = WrappedNetwork.YAML.substring("{arch: vit".length());
        WrappedNetwork network = new WrappedNetwork(arch + rest);
        assertThatThrownBy(() -> network.load(file(), Optional.empty(), true))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("a vit-pytorch release after 0.20.2, whose models differ")
                .hasMessageContaining("pip install vit-pytorch==0.20.2")
                .message()
                .hasLineCount(1);
    }
}
