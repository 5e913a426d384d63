package org.vit4j.checkpoint.names;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.vit4j.checkpoint.names.CheckpointNames.TensorForm;
import org.vit4j.models.Cvt;
import org.vit4j.models.community.CommunityCvt;

/** Parameter names of CvT: microsoft/CvT, Hugging Face transformers, and vit-pytorch. */
final class CvtNames {
    private CvtNames() {}

    static NameSchemes of(Cvt model) {
        return NameSchemes.published(CheckpointNames.SAME, huggingFace());
    }

    static CheckpointNames huggingFace() {
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

    /** Names in vit-pytorch, which keeps images [C, H, W] instead of tokens. */
    static NameSchemes of(CommunityCvt model) {
        List<String> pairs = new ArrayList<>();
        norm(pairs, "stage{i}.patch_embed.norm", "layers.{i}.1");
        Collections.addAll(pairs, "stage{i}.patch_embed.proj", "layers.{i}.0");
        String block = "stage{i}.blocks.{i}.";
        String layer = "layers.{i}.2.layers.{i}.";
        norm(pairs, block + "norm1", layer + "0.norm");
        norm(pairs, block + "norm2", layer + "1.norm");
        for (String part : List.of("q", "kv")) {
            String net = layer + "0.fn.to_" + part + ".net.";
            Collections.addAll(pairs, block + "attn.conv_proj_" + part + ".conv", net + "0");
            Collections.addAll(pairs, block + "attn.conv_proj_" + part + ".bn", net + "1");
            Collections.addAll(pairs, block + "attn.proj_" + part, net + "2");
        }
        Collections.addAll(pairs, block + "attn.proj", layer + "0.fn.to_out.0");
        Collections.addAll(pairs, block + "mlp.fc1", layer + "1.fn.net.0", block + "mlp.fc2", layer + "1.fn.net.3");
        Collections.addAll(pairs, "head", "layers." + (model.stages().size() + 2));
        return NameSchemes.published(CheckpointNames.of(pairs.toArray(String[]::new))
                .shaped(TensorForm.CHANNELS, "stage{i}.patch_embed.norm.*", "stage{i}.blocks.{i}.norm{i}.*")
                .shaped(TensorForm.PIXEL, "stage{i}.blocks.{i}.attn.proj*.kernel", "stage{i}.blocks.{i}.mlp.*.kernel"));
    }

    private static void norm(List<String> pairs, String module, String key) {
        Collections.addAll(pairs, module + ".gamma", key + ".g", module + ".beta", key + ".b");
    }
}
