package org.vit4j.checkpoint.names;

import java.util.ArrayList;
import java.util.List;
import org.vit4j.models.community.CommunityT2tVit;

/** Published parameter names of T2T-ViT; vit4j's names are those of the authors. */
final class T2tVitNames {
    private T2tVitNames() {}

    /** Names in vit-pytorch 0.20.2. */
    static CheckpointNames vitPytorch(CommunityT2tVit model) {
        int splits = model.t2tVit().tokensToToken().splits().size();
        List<String> pairs = new ArrayList<>(List.of(
                "pos_embed", "pos_embedding",
                "dist_token", "distillation_token",
                "dist_norm", "distill_mlp.0",
                "head_dist", "distill_mlp.1",
                "norm", "mlp_head.0",
                "head", "mlp_head.1",
                "tokens_to_token.project", "to_patch_embedding." + 4 * splits));
        // Each split is four modules: to grid, unfold, to tokens, transformer.
        for (int i = 0; i < splits; i++) {
            layer(pairs, "tokens_to_token.attention" + (i + 1), "to_patch_embedding." + (4 * i + 3) + ".layers.0");
        }
        layer(pairs, "blocks.{i}", "transformer.layers.{i}");
        return CheckpointNames.of(pairs.toArray(String[]::new));
    }

    private static void layer(List<String> pairs, String path, String key) {
        pairs.addAll(List.of(
                path + ".norm1", key + ".0.norm",
                path + ".attn.qkv", key + ".0.fn.to_qkv",
                path + ".attn.proj", key + ".0.fn.to_out.0",
                path + ".norm2", key + ".1.norm",
                path + ".mlp.fc1", key + ".1.fn.net.0",
                path + ".mlp.fc2", key + ".1.fn.net.3"));
    }
}
