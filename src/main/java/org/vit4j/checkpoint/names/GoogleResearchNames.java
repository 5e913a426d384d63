package org.vit4j.checkpoint.names;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Parameter names of google-research/vision_transformer and big_vision {@code .npz} files, in the form returned by
 * {@code checkpoint.NpzFile}: dots instead of slashes, {@code weight} instead of {@code kernel} and {@code scale}.
 *
 * <p>Source: huggingface/pytorch-image-models, {@code timm/models/vision_transformer.py}, _load_weights.
 */
final class GoogleResearchNames {
    private GoogleResearchNames() {}

    /**
     * Naming schemes of google-research/vision_transformer and of big_vision, which number the modules of a block
     * differently.
     *
     * @param stages number of blocks of each stage of the ResNet stem; empty without stages
     */
    static List<CheckpointNames> vit(List<Integer> stages) {
        List<String> pairs = new ArrayList<>(List.of(
                "cls_token", "cls",
                "patch_embed.proj", "embedding",
                "norm", "Transformer.encoder_norm",
                "patch_embed.backbone.stem.conv", "conv_root",
                "patch_embed.backbone.stem.norm", "gn_root"));
        for (int s = 0; s < stages.size(); s++) {
            for (int b = 0; b < stages.get(s); b++) {
                String block = "patch_embed.backbone.stages." + s + ".blocks." + b + ".";
                String unit = "block" + (s + 1) + ".unit" + (b + 1) + ".";
                Collections.addAll(pairs, block + "downsample.conv", unit + "conv_proj");
                Collections.addAll(pairs, block + "downsample.norm", unit + "gn_proj");
                for (int i = 1; i <= 3; i++) {
                    Collections.addAll(
                            pairs, block + "conv" + i, unit + "conv" + i, block + "norm" + i, unit + "gn" + i);
                }
            }
        }
        CheckpointNames shared = CheckpointNames.of(pairs.toArray(String[]::new));
        return List.of(
                blocks("Transformer.posembed_input.pos_embedding", 1, 3, 2)
                        .then(shared)
                        .named("google-research"),
                blocks("pos_embedding", 0, 0, 1).then(shared).named("big_vision"));
    }

    private static CheckpointNames blocks(String positions, int attention, int mlp, int norm2) {
        String block = "Transformer.encoderblock_{i}.";
        String heads = block + "MultiHeadDotProductAttention_" + attention + ".";
        return CheckpointNames.of(
                "pos_embed", positions,
                "blocks.{i}.norm1", block + "LayerNorm_0",
                "blocks.{i}.norm2", block + "LayerNorm_" + norm2,
                "blocks.{i}.attn.qkv", heads + "{query|key|value}",
                "blocks.{i}.attn.proj", heads + "out",
                "blocks.{i}.mlp.fc1", block + "MlpBlock_" + mlp + ".Dense_0",
                "blocks.{i}.mlp.fc2", block + "MlpBlock_" + mlp + ".Dense_1");
    }
}
