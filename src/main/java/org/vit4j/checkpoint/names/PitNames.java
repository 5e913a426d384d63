package org.vit4j.checkpoint.names;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.vit4j.models.Pit;
import org.vit4j.models.community.CommunityPit;

/** Parameter names of PiT: timm, naver-ai/pit, and vit-pytorch. */
final class PitNames {
    private PitNames() {}

    static NameSchemes of(Pit model) {
        CheckpointNames timm = CheckpointNames.of("pos_embed", "pos_embed^T"); // [1, C, H, W] in timm
        List<String> pools = new ArrayList<>();
        for (int i = 1; i < model.stages().size(); i++) {
            Collections.addAll(pools, "transformers." + i + ".pool", "pools." + (i - 1));
        }
        CheckpointNames authors = CheckpointNames.of(pools.toArray(String[]::new))
                .named("authors")
                .then(timm);
        return NameSchemes.published(timm, authors);
    }

    /** Names in vit-pytorch, where stages and poolings are one list: stage, pooling, stage, ... */
    static NameSchemes of(CommunityPit model) {
        List<String> pairs = new ArrayList<>(List.of(
                "patch_embed.proj", "to_patch_embedding.2",
                "pos_embed", "pos_embedding",
                "norm", "mlp_head.0",
                "head", "mlp_head.1"));
        for (int i = 0; i < model.stages().size(); i++) pairs.addAll(vitPytorch("transformers." + i + ".", 2 * i));
        return NameSchemes.published(CheckpointNames.of(pairs.toArray(String[]::new)));
    }

    private static List<String> vitPytorch(String stage, int index) {
        String block = stage + "blocks.{i}.";
        String layer = "layers." + index + ".layers.{i}.";
        String pool = "layers." + (index - 1) + ".";
        return List.of(
                stage + "pool.conv", pool + "downsample.net.0",
                stage + "pool.point", pool + "downsample.net.1",
                stage + "pool.fc", pool + "cls_ff",
                block + "norm1", layer + "0.norm",
                block + "attn.qkv", layer + "0.fn.to_qkv",
                block + "attn.proj", layer + "0.fn.to_out.0",
                block + "norm2", layer + "1.norm",
                block + "mlp.fc1", layer + "1.fn.net.0",
                block + "mlp.fc2", layer + "1.fn.net.3");
    }
}
