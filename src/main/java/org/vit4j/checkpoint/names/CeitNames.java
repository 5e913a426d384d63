package org.vit4j.checkpoint.names;

import org.vit4j.checkpoint.names.CheckpointNames.TensorForm;
import org.vit4j.models.Ceit;
import org.vit4j.models.community.CommunityCeit;

/** Parameter names of CeiT: coeusguo/ceit, and rishikksh20/CeiT-pytorch. */
final class CeitNames {
    private CeitNames() {}

    static NameSchemes of(Ceit model) {
        return NameSchemes.published(CheckpointNames.SAME.shaped(
                TensorForm.PIXEL, "blocks.{i}.leff.conv1.kernel", "blocks.{i}.leff.conv3.kernel"));
    }

    static NameSchemes of(CommunityCeit model) {
        String attn = "transformer.layers.{i}.0.fn";
        String leff = "transformer.layers.{i}.1.fn";
        return NameSchemes.published(CheckpointNames.of(
                        "i2t.backbone.conv",
                        "conv.0",
                        "i2t.backbone.bn",
                        "conv.1",
                        "i2t.proj",
                        "to_patch_embedding.1",
                        "pos_embed",
                        "pos_embedding",
                        "blocks.{i}.norm1",
                        attn + ".norm",
                        "blocks.{i}.attn.qkv",
                        attn + ".fn.to_qkv",
                        "blocks.{i}.attn.proj",
                        attn + ".fn.to_out.0",
                        "blocks.{i}.norm2",
                        leff + ".norm",
                        "blocks.{i}.leff.conv1",
                        leff + ".fn.up_proj.0",
                        "blocks.{i}.leff.bn1",
                        leff + ".fn.up_proj.2",
                        "blocks.{i}.leff.conv2",
                        leff + ".fn.depth_conv.0",
                        "blocks.{i}.leff.bn2",
                        leff + ".fn.depth_conv.1",
                        "blocks.{i}.leff.conv3",
                        leff + ".fn.down_proj.0",
                        "blocks.{i}.leff.bn3",
                        leff + ".fn.down_proj.2",
                        "blocks.{i}.mlp.fc1",
                        leff + ".fn.net.0",
                        "blocks.{i}.mlp.fc2",
                        leff + ".fn.net.3",
                        "lca.norm1",
                        "LCA.layers.0.0.norm",
                        "lca.attn.qkv",
                        "LCA.layers.0.0.fn.to_qkv",
                        "lca.attn.proj",
                        "LCA.layers.0.0.fn.to_out.0",
                        "lca.norm2",
                        "LCA.layers.0.1.norm",
                        "lca.feedforward.fc1",
                        "LCA.layers.0.1.fn.net.0",
                        "lca.feedforward.fc2",
                        "LCA.layers.0.1.fn.net.3",
                        "norm",
                        "mlp_head.0",
                        "head",
                        "mlp_head.1")
                .shaped(TensorForm.PATCHES, "i2t.proj.kernel"));
    }
}
