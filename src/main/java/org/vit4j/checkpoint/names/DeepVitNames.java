package org.vit4j.checkpoint.names;

import org.vit4j.checkpoint.names.CheckpointNames.TensorForm;

/** Published parameter names of DeepViT. */
final class DeepVitNames {
    private DeepVitNames() {}

    /** Names of the authors' code. */
    static final CheckpointNames AUTHORS =
            CheckpointNames.SAME.shaped(TensorForm.PIXEL, "blocks.{i}.attn.reatten_matrix.kernel");

    /** Names in vit-pytorch 0.20.2. */
    static final CheckpointNames VIT_PYTORCH = CheckpointNames.of(
                    "patch_embed.proj", "to_patch_embedding.1",
                    "pos_embed", "pos_embedding",
                    "blocks.{i}.norm1", "transformer.layers.{i}.0.fn.norm",
                    "blocks.{i}.attn.qkv", "transformer.layers.{i}.0.fn.fn.to_qkv",
                    "blocks.{i}.attn.reatten_matrix.kernel", "transformer.layers.{i}.0.fn.fn.reattn_weights",
                    "blocks.{i}.attn.reattn_norm", "transformer.layers.{i}.0.fn.fn.reattn_norm.1",
                    "blocks.{i}.attn.proj", "transformer.layers.{i}.0.fn.fn.to_out.0",
                    "blocks.{i}.norm2", "transformer.layers.{i}.1.fn.norm",
                    "blocks.{i}.mlp.fc1", "transformer.layers.{i}.1.fn.fn.net.0",
                    "blocks.{i}.mlp.fc2", "transformer.layers.{i}.1.fn.fn.net.3",
                    "norm", "mlp_head.0",
                    "head", "mlp_head.1")
            .shaped(TensorForm.PATCHES, "patch_embed.proj.kernel");
}
