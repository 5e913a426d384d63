package org.vit4j.checkpoint.names;

import java.util.ArrayList;
import java.util.List;
import org.vit4j.checkpoint.names.CheckpointNames.TensorForm;

/** Published parameter names of CaiT. */
final class CaitNames {
    private CaitNames() {}

    /** Names in timm, which are those of the authors. */
    static CheckpointNames timm() {
        return CheckpointNames.of(
                "blocks.{i}.ls1.gamma", "blocks.{i}.gamma_1",
                "blocks.{i}.ls2.gamma", "blocks.{i}.gamma_2",
                "blocks_token_only.{i}.ls1.gamma", "blocks_token_only.{i}.gamma_1",
                "blocks_token_only.{i}.ls2.gamma", "blocks_token_only.{i}.gamma_2");
    }

    /** Names in vit-pytorch 0.20.2, where both stacks have the same layer names. */
    static CheckpointNames vitPytorch() {
        List<String> pairs = new ArrayList<>(List.of(
                "patch_embed.proj", "to_patch_embedding.1",
                "pos_embed", "pos_embedding",
                "norm", "mlp_head.0",
                "head", "mlp_head.1"));
        pairs.addAll(layer("blocks.{i}.", "patch_transformer.layers.{i}."));
        pairs.addAll(layer("blocks_token_only.{i}.", "cls_transformer.layers.{i}."));
        return CheckpointNames.of(pairs.toArray(String[]::new))
                .shaped(TensorForm.PATCHES, "patch_embed.proj.kernel")
                .shaped(TensorForm.TOKENS, "*.ls{i}.gamma");
    }

    private static List<String> layer(String block, String layer) {
        return List.of(
                block + "ls1.gamma", layer + "0.scale",
                block + "norm1", layer + "0.fn.norm",
                block + "attn.q", layer + "0.fn.fn.to_q",
                block + "attn.kv", layer + "0.fn.fn.to_kv",
                block + "attn.proj_l.kernel", layer + "0.fn.fn.mix_heads_pre_attn",
                block + "attn.proj_w.kernel", layer + "0.fn.fn.mix_heads_post_attn",
                block + "attn.proj", layer + "0.fn.fn.to_out.0",
                block + "ls2.gamma", layer + "1.scale",
                block + "norm2", layer + "1.fn.norm",
                block + "mlp.fc1", layer + "1.fn.fn.net.0",
                block + "mlp.fc2", layer + "1.fn.fn.net.3");
    }
}
