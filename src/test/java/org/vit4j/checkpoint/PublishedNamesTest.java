package org.vit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffInference;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.models.ModelConfig;
import org.vit4j.models.Models;

/**
 * Strict import and logits of small models with random weights, made by Hugging Face transformers 4.46.3, the
 * authors' code and timm 0.9.16. HF's CvT was changed to Microsoft's quick GELU.
 */
class PublishedNamesTest {
    private static final Path FILES = Path.of("src/test/resources/checkpoints");
    private static final double EXACT = 1e-5;

    private static final String VIT =
            "{arch: vit, image: {size: 16}, classes: 5, patch_size: 8, dim: 8, depth: 2," + " heads: 2, mlp_ratio: 2}";
    private static final String DEIT = VIT.replace("arch: vit", "arch: deit, distilled: true");
    private static final String LEVIT =
            "{arch: levit, image: {size: 32}, classes: 5, dim: [8, 8, 16], depth: [1, 2, 1],"
                    + " heads: [1, 1, 2], key_dim: 4, attn_ratio: 2, mlp_ratio: 2, distilled: true}";
    private static final String CVT = "{arch: cvt, image: {size: 32}, classes: 5, dim: [4, 8, 12], depth: [1, 2, 3],"
            + " heads: [1, 2, 3], mlp_ratio: 2}";
    private static final String PIT = "{arch: pit, image: {size: 16}, classes: 5, patch_size: 8, stride: 4,"
            + " depth: [1, 1], heads: [1, 2], head_dim: 4, mlp_ratio: 2}";
    private static final String TIMM =
            "{arch: vit, image: {size: 16}, classes: 5, patch_size: 4, dim: 8, depth: 1," + " heads: 2}";
    private static final Map<String, String> MODELS = Map.of(
            "hf_vit",
            VIT,
            "hf_deit",
            DEIT,
            "hf_levit",
            LEVIT,
            "hf_cvt",
            CVT,
            "authors_levit",
            LEVIT,
            "authors_pit",
            PIT);

    private static ModelConfig model(String yaml) {
        Config config = Config.parse("model: " + yaml, "test");
        var model = Models.builtIn().read(config.root().section("model"));
        config.finish();
        return model.orElseThrow();
    }

    /** Loads weights and returns the naming scheme, followed by the notes. */
    private static List<String> load(String file, ModelConfig model, boolean strict, ParameterStore parameters) {
        Graph graph = model.build();
        try (StateDict dict = StateDict.open(FILES.resolve(file));
                CheckpointWeights source = new CheckpointWeights(
                        dict, graph.parameters(), NameSchemes.of(model).published(), Map.of())) {
            List<String> lines = new ArrayList<>(List.of(source.namingScheme()));
            lines.addAll(WeightTransfer.load(source, graph, strict, parameters::set));
            return lines;
        }
    }

    private static ParameterStore parameters(ModelConfig model) {
        ParameterStore parameters = new ParameterStore(model.build().parameters(), DataType.FLOAT);
        parameters.initialize(1);
        return parameters;
    }

    private static void assertLogits(String io, ModelConfig model, ParameterStore parameters) {
        Map<String, SafeTensors.NamedValues> golden = SafeTensors.read(FILES.resolve(io));
        SafeTensors.NamedValues input = golden.get("input");
        INDArray images = Nd4j.createFromArray(input.values())
                .reshape(input.shape())
                .permute(0, 2, 3, 1)
                .dup('c');
        try (Inference inference = new SameDiffInference(model.build(), parameters)) {
            float[] logits = inference.logits(images).dup('c').data().asFloat();
            float[] expected = golden.get("logits").values();
            double largest = 0;
            for (float value : expected) largest = Math.max(largest, Math.abs(value));
            assertThat(logits).containsExactly(expected, within((float) (EXACT * largest)));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "hf_vit, hf",
        "hf_deit, hf",
        "hf_levit, hf",
        "hf_cvt, hf",
        "authors_levit, authors",
        "authors_pit, authors"
    })
    void importedModelHasTheLogitsOfTheReference(String file, String names) {
        ModelConfig model = model(MODELS.get(file));
        ParameterStore parameters = parameters(model);
        assertThat(load(file + ".safetensors", model, true, parameters)).containsExactly(names);
        assertLogits(file + ".io.safetensors", model, parameters);
    }

    @Test
    void shardsAreReadAsOneCheckpoint() {
        ModelConfig model = model(VIT);
        ParameterStore parameters = parameters(model);
        assertThat(load("hf_vit.safetensors.index.json", model, true, parameters))
                .containsExactly("hf");
        assertLogits("hf_vit.io.safetensors", model, parameters);
    }

    @Test
    void averagedHalfPrecisionWeightsWithAPrefixAreRead() {
        ModelConfig model = model(VIT);
        ParameterStore half = parameters(model);
        ParameterStore full = parameters(model);
        load("ema.bin", model, true, half);
        load("hf_vit.safetensors", model, true, full);
        assertThat(half.values("blocks.1.attn.qkv.kernel"))
                .containsExactly(full.values("blocks.1.attn.qkv.kernel"), within(1e-3f));
    }

    /** Expected logits are from timm, which loaded the weights for the same image size and number of channels. */
    @Test
    void imageSizeAndChannelsAreAdaptedAsByTimm() {
        ModelConfig model = model(TIMM.replace("size: 16", "size: [24, 12], channels: 1"));
        ParameterStore parameters = parameters(model);
        assertThat(load("timm_vit.safetensors", model, true, parameters))
                .containsExactlyInAnyOrder(
                        "reference",
                        "pos_embed: resampled from 4x4 to 6x3 positions, bicubic",
                        "patch_embed.proj.kernel: for 1 instead of 3 channels, its kernels summed");
        assertLogits("timm_vit_24x12x1.io.safetensors", model, parameters);
    }

    @Test
    void otherNumberOfClassesKeepsTheInitializedHead() {
        ModelConfig model = model(TIMM.replace("classes: 5", "classes: 7"));
        ParameterStore parameters = parameters(model);
        float[] initialized = parameters.values("head.kernel");
        float[] block = parameters.values("blocks.0.mlp.fc1.kernel");
        assertThat(load("timm_vit.safetensors", model, true, parameters))
                .containsExactly("reference", "head: 7 classes instead of 5, newly initialized");
        assertThat(parameters.values("head.kernel")).isEqualTo(initialized);
        assertThat(parameters.values("blocks.0.mlp.fc1.kernel")).isNotEqualTo(block);
    }

    @Test
    void mismatchesAreListedAndRejected() {
        ModelConfig deeper = model(TIMM.replace("depth: 1", "depth: 2"));
        assertThatThrownBy(() -> load("timm_vit.safetensors", deeper, true, parameters(deeper)))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("missing: 12 (blocks.1.norm1.gamma, ");
        ModelConfig wider = model(TIMM.replace("dim: 8", "dim: 8, mlp_dim: 16"));
        assertThatThrownBy(() -> load("timm_vit.safetensors", wider, true, parameters(wider)))
                .hasMessageContaining(
                        "wrong shape: 3 (blocks.0.mlp.fc1.weight [32, 8] for blocks.0.mlp.fc1.kernel [8, 16]");
        ModelConfig distilled = model(TIMM.replace("arch: vit", "arch: deit, distilled: true"));
        assertThatThrownBy(() -> load("timm_vit.safetensors", distilled, true, parameters(distilled)))
                .hasMessageContaining("missing: 3 (dist_token, ");
        ModelConfig plain = model(DEIT.replace(", distilled: true", ""));
        assertThatThrownBy(() -> load("hf_deit.safetensors", plain, true, parameters(plain)))
                .hasMessageContaining("unexpected: 1 (embeddings.distillation_token)");
    }

    @Test
    void lenientLoadKeepsTheInitializationAndLogsMissingNames() {
        ModelConfig deeper = model(TIMM.replace("depth: 1", "depth: 2"));
        ParameterStore parameters = parameters(deeper);
        float[] initialized = parameters.values("blocks.1.mlp.fc1.kernel");
        assertThat(load("timm_vit.safetensors", deeper, false, parameters))
                .anyMatch(note -> note.startsWith("missing: 12 ("));
        assertThat(parameters.values("blocks.1.mlp.fc1.kernel")).isEqualTo(initialized);
    }

    @Test
    void attentionBiasTableIsRejectedForAnotherSize() { // timm cannot resample LeViT's either
        ModelConfig larger = model(LEVIT.replace("size: 32", "size: 48"));
        assertThatThrownBy(() -> load("authors_levit.safetensors", larger, true, parameters(larger)))
                .hasMessageContaining("blocks.0.m.attention_biases [1, 4] for stages.0.blocks.0.attn.attention_biases");
    }
}
