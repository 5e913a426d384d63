package org.vit4j.checkpoint.names;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Parameter names of Hugging Face transformers (4.x, and files written by 5.x). Queries, keys and values are three
 * modules there.
 */
public final class HuggingFaceNames {
    private HuggingFaceNames() {}

    /**
     * Names of ViT and DeiT with timm's structure.
     *
     * @param module {@code vit.} or {@code deit.} for a model with classifier, empty for the backbone alone
     * @param heads further pairs of names for the classifiers
     */
    public static CheckpointNames vit(String module, String... heads) {
        String layer = module + "encoder.layer.{i}.";
        List<String> pairs = new ArrayList<>(List.of(
                "cls_token", module + "embeddings.cls_token",
                "dist_token", module + "embeddings.distillation_token",
                "pos_embed", module + "embeddings.position_embeddings",
                "patch_embed.proj", module + "embeddings.patch_embeddings.projection",
                "blocks.{i}.norm1", layer + "layernorm_before",
                "blocks.{i}.norm2", layer + "layernorm_after",
                "blocks.{i}.attn.qkv", layer + "attention.attention.{query|key|value}",
                "blocks.{i}.attn.proj", layer + "attention.output.dense",
                "blocks.{i}.mlp.fc1", layer + "intermediate.dense",
                "blocks.{i}.mlp.fc2", layer + "output.dense",
                "norm", module + "layernorm"));
        Collections.addAll(pairs, heads);
        return CheckpointNames.of(pairs.toArray(String[]::new)).named("hf").ignoring(module + "pooler.dense.*");
    }

    /**
     * Names of ViT and DeiT in transformers 5 in memory, as {@code torch.save(model.state_dict())} writes them; {@code
     * save_pretrained} writes those of {@link #vit}.
     *
     * @param module as in {@link #vit}
     * @param heads as in {@link #vit}
     */
    public static CheckpointNames vit5(String module, String... heads) {
        String layer = module + "layers.{i}.";
        CheckpointNames blocks = CheckpointNames.of(
                "blocks.{i}.norm1", layer + "layernorm_before",
                "blocks.{i}.norm2", layer + "layernorm_after",
                "blocks.{i}.attn.qkv", layer + "attention.{q_proj|k_proj|v_proj}",
                "blocks.{i}.attn.proj", layer + "attention.o_proj",
                "blocks.{i}.mlp", layer + "mlp");
        return blocks.then(vit(module, heads)).named("hf");
    }

    /** Names of DINOv2, a ViT with layer scale: {@code Dinov2Model} and {@code Dinov2WithRegistersModel}, which have no head. */
    public static CheckpointNames dinov2(String module, boolean inMemory) {
        String layer = module + "encoder.layer.{i}.";
        String attention = layer + (inMemory ? "attention." : "attention.attention.");
        return CheckpointNames.of(
                        "reg_token", module + "embeddings.register_tokens",
                        "blocks.{i}.norm1", layer + "norm1",
                        "blocks.{i}.norm2", layer + "norm2",
                        "blocks.{i}.ls1.gamma", layer + "layer_scale1.lambda1",
                        "blocks.{i}.ls2.gamma", layer + "layer_scale2.lambda1",
                        "blocks.{i}.attn.qkv", attention + (inMemory ? "{q_proj|k_proj|v_proj}" : "{query|key|value}"),
                        "blocks.{i}.attn.proj", inMemory ? attention + "o_proj" : layer + "attention.output.dense",
                        "blocks.{i}.mlp", layer + "mlp")
                .then(vit(module))
                .named("hf-dinov2")
                .ignoring(module + "embeddings.mask_token");
    }

    /** Names of CvT. */
    public static CheckpointNames cvt() {
        String stage = "cvt.encoder.stages.{i}.";
        String layer = stage + "layers.{i}.";
        String block = "stage{i}.blocks.{i}.";
        List<String> pairs = new ArrayList<>(List.of(
                "stage{i}.patch_embed.proj",
                stage + "embedding.convolution_embeddings.projection",
                "stage{i}.patch_embed.norm",
                stage + "embedding.convolution_embeddings.normalization",
                "stage{i}.cls_token",
                stage + "cls_token",
                block + "norm1",
                layer + "layernorm_before",
                block + "norm2",
                layer + "layernorm_after",
                block + "attn.proj",
                layer + "attention.output.dense",
                block + "mlp.fc1",
                layer + "intermediate.dense",
                block + "mlp.fc2",
                layer + "output.dense",
                "norm",
                "layernorm",
                "head",
                "classifier"));
        String attention = layer + "attention.attention.";
        for (String part : List.of("query", "key", "value")) {
            String q = part.substring(0, 1);
            String conv = attention + "convolution_projection_" + part + ".convolution_projection.";
            Collections.addAll(pairs, block + "attn.conv_proj_" + q + ".conv", conv + "convolution");
            Collections.addAll(pairs, block + "attn.conv_proj_" + q + ".bn", conv + "normalization");
            Collections.addAll(pairs, block + "attn.proj_" + q, attention + "projection_" + part);
        }
        return CheckpointNames.of(pairs.toArray(String[]::new)).named("hf");
    }

    /**
     * @param depth blocks per stage; there each stage is a list of alternating attention and MLP, then the downsampling
     */
    public static CheckpointNames levit(List<Integer> depth) {
        List<String> pairs = new ArrayList<>();
        for (int i = 1; i <= 4; i++) {
            String layer = "levit.patch_embeddings.embedding_layer_" + i + ".";
            Collections.addAll(pairs, "stem.conv" + i + ".linear", layer + "convolution");
            Collections.addAll(pairs, "stem.conv" + i + ".bn", layer + "batch_norm");
        }
        for (int s = 0; s < depth.size(); s++) {
            String layers = "levit.encoder.stages." + s + ".layers.";
            for (int j = 0; j < depth.get(s); j++) {
                String block = "stages." + s + ".blocks." + j + ".";
                attention(pairs, block + "attn.", layers + 2 * j + ".module.");
                mlp(pairs, block + "mlp.", layers + (2 * j + 1) + ".module.");
            }
            String down = "stages." + (s + 1) + ".downsample.";
            attention(pairs, down + "attn_downsample.", layers + 2 * depth.get(s) + ".");
            mlp(pairs, down + "mlp.", layers + (2 * depth.get(s) + 1) + ".module.");
        }
        for (String[] head : new String[][] {{"head", "classifier"}, {"head_dist", "classifier_distill"}}) {
            Collections.addAll(
                    pairs, head[0] + ".bn", head[1] + ".batch_norm", head[0] + ".linear", head[1] + ".linear");
        }
        return CheckpointNames.of(pairs.toArray(String[]::new)).named("hf");
    }

    private static void attention(List<String> pairs, String path, String key) {
        Collections.addAll(pairs, path + "attention_biases", key + "attention_biases");
        linearNorm(pairs, path + "qkv", key + "queries_keys_values");
        linearNorm(pairs, path + "kv", key + "keys_values");
        linearNorm(pairs, path + "q.ln", key + "queries");
        linearNorm(pairs, path + "proj.ln", key + "projection");
    }

    private static void mlp(List<String> pairs, String path, String key) {
        linearNorm(pairs, path + "ln1", key + "linear_up");
        linearNorm(pairs, path + "ln2", key + "linear_down");
    }

    private static void linearNorm(List<String> pairs, String path, String key) {
        Collections.addAll(pairs, path + ".linear", key + ".linear", path + ".bn", key + ".batch_norm");
    }
}
