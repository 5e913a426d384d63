package org.vit4j.checkpoint.names;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Parameter names of Hugging Face transformers (4.x, and files written by 5.x). Queries, keys and values are three
 * modules there.
 */
final class HuggingFaceNames {
    private HuggingFaceNames() {}

    /**
     * Names of ViT and DeiT with timm's structure.
     *
     * @param module {@code vit.} or {@code deit.} for a model with classifier, empty for the backbone alone
     * @param heads further pairs of names for the classifiers
     */
    static CheckpointNames vit(String module, String... heads) {
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
    static CheckpointNames vit5(String module, String... heads) {
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
    static CheckpointNames dinov2(String module, boolean inMemory) {
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
}
