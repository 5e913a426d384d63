package org.vit4j.checkpoint.names;

import org.vit4j.checkpoint.names.CheckpointNames.TensorForm;
import org.vit4j.models.CrossVit;
import org.vit4j.models.community.CommunityCrossVit;

/** Parameter names of CrossViT: timm, IBM/CrossViT, and vit-pytorch. */
final class CrossVitNames {
    private CrossVitNames() {}

    static NameSchemes of(CrossVit model) {
        CheckpointNames authors =
                CheckpointNames.of("pos_embed_{i}", "pos_embed.{i}", "cls_token_{i}", "cls_token.{i}");
        return NameSchemes.published(CheckpointNames.SAME, authors.named("authors"));
    }

    static NameSchemes of(CommunityCrossVit model) {
        String layers = "multi_scale_encoder.layers.{i}";
        String block = layers + ".{i}.layers.{i}";
        String cross = layers + ".2.layers.{i}.{i}";
        return NameSchemes.published(CheckpointNames.of(
                        "patch_embed.0.proj", "sm_image_embedder.to_patch_embedding.1",
                        "patch_embed.1.proj", "lg_image_embedder.to_patch_embedding.1",
                        "cls_token_0", "sm_image_embedder.cls_token",
                        "cls_token_1", "lg_image_embedder.cls_token",
                        "pos_embed_0", "sm_image_embedder.pos_embedding",
                        "pos_embed_1", "lg_image_embedder.pos_embedding",
                        "blocks.{i}.blocks.{i}.{i}.norm1", block + ".0.norm",
                        "blocks.{i}.blocks.{i}.{i}.attn.wq", block + ".0.fn.to_q",
                        "blocks.{i}.blocks.{i}.{i}.attn.wkv", block + ".0.fn.to_kv",
                        "blocks.{i}.blocks.{i}.{i}.attn.proj", block + ".0.fn.to_out.0",
                        "blocks.{i}.blocks.{i}.{i}.norm2", block + ".1.norm",
                        "blocks.{i}.blocks.{i}.{i}.mlp.fc1", block + ".1.fn.net.0",
                        "blocks.{i}.blocks.{i}.{i}.mlp.fc2", block + ".1.fn.net.3",
                        "blocks.{i}.blocks.{i}.norm", layers + ".{i}.norm",
                        "blocks.{i}.fusion.{i}.{i}.project_in", cross + ".project_in",
                        "blocks.{i}.fusion.{i}.{i}.norm", cross + ".fn.norm",
                        "blocks.{i}.fusion.{i}.{i}.attn.wq", cross + ".fn.fn.to_q",
                        "blocks.{i}.fusion.{i}.{i}.attn.wkv", cross + ".fn.fn.to_kv",
                        "blocks.{i}.fusion.{i}.{i}.attn.proj", cross + ".fn.fn.to_out.0",
                        "blocks.{i}.fusion.{i}.{i}.project_out", cross + ".project_out",
                        "norm.0", "sm_mlp_head.0",
                        "norm.1", "lg_mlp_head.0",
                        "head.0", "sm_mlp_head.1",
                        "head.1", "lg_mlp_head.1")
                .shaped(TensorForm.PATCHES, "patch_embed.{i}.proj.kernel"));
    }
}
