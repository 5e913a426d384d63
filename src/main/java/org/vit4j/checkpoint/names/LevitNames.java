package org.vit4j.checkpoint.names;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.vit4j.checkpoint.names.CheckpointNames.TensorForm;
import org.vit4j.models.Levit;
import org.vit4j.models.Levit.LevitStage;
import org.vit4j.models.community.CommunityLevit;

/** Parameter names of LeViT: timm, facebookresearch/LeViT, Hugging Face transformers, and vit-pytorch. */
final class LevitNames {
    private LevitNames() {}

    static NameSchemes of(Levit model) {
        int convolutions = model.stem().stride().convolutions();
        List<Integer> depths = model.stages().stream().map(LevitStage::depth).toList();
        return NameSchemes.published(CheckpointNames.SAME, authors(convolutions, depths), huggingFace(depths));
    }

    /**
     * Names in the authors' code, where all modules are one list: attention, MLP, ..., downsampling attention, MLP, ...
     */
    private static CheckpointNames authors(int convolutions, List<Integer> depths) {
        List<String> pairs = new ArrayList<>();
        for (int i = 1; i <= convolutions; i++) authorsLinear(pairs, "stem.conv" + i, "patch_embed." + 2 * (i - 1));
        int index = 0;
        for (int i = 0; i < depths.size(); i++) {
            String stage = "stages." + i + ".";
            if (i > 0) {
                String down = stage + "downsample.attn_downsample.";
                authorsBiases(pairs, down, "blocks." + index + ".");
                authorsLinear(pairs, down + "kv", "blocks." + index + ".kv");
                authorsLinear(pairs, down + "q.ln", "blocks." + index + ".q.1");
                authorsLinear(pairs, down + "proj.ln", "blocks." + index++ + ".proj.1");
                authorsMlp(pairs, stage + "downsample.mlp.", index++);
            }
            for (int j = 0; j < depths.get(i); j++) {
                String attn = stage + "blocks." + j + ".attn.";
                authorsBiases(pairs, attn, "blocks." + index + ".m.");
                authorsLinear(pairs, attn + "qkv", "blocks." + index + ".m.qkv");
                authorsLinear(pairs, attn + "proj.ln", "blocks." + index++ + ".m.proj.1");
                authorsMlp(pairs, stage + "blocks." + j + ".mlp.", index++);
            }
        }
        Collections.addAll(pairs, "head.linear", "head.l", "head_dist.linear", "head_dist.l");
        return CheckpointNames.of(pairs.toArray(String[]::new)).named("authors");
    }

    private static void authorsBiases(List<String> pairs, String path, String key) {
        Collections.addAll(pairs, path + "attention_biases.index", key + "attention_bias_idxs");
        Collections.addAll(pairs, path + "attention_biases", key + "attention_biases");
    }

    private static void authorsMlp(List<String> pairs, String path, int index) {
        authorsLinear(pairs, path + "ln1", "blocks." + index + ".m.0");
        authorsLinear(pairs, path + "ln2", "blocks." + index + ".m.2");
    }

    private static void authorsLinear(List<String> pairs, String path, String key) {
        Collections.addAll(pairs, path + ".linear", key + ".c", path + ".bn", key + ".bn");
    }

    /**
     * Names in Hugging Face transformers, where each stage is a list of alternating attention and MLP, then the
     * downsampling.
     *
     * @param depths blocks per stage
     */
    static CheckpointNames huggingFace(List<Integer> depths) {
        List<String> pairs = new ArrayList<>();
        for (int i = 1; i <= 4; i++) {
            String layer = "levit.patch_embeddings.embedding_layer_" + i + ".";
            Collections.addAll(pairs, "stem.conv" + i + ".linear", layer + "convolution");
            Collections.addAll(pairs, "stem.conv" + i + ".bn", layer + "batch_norm");
        }
        for (int s = 0; s < depths.size(); s++) {
            String layers = "levit.encoder.stages." + s + ".layers.";
            for (int j = 0; j < depths.get(s); j++) {
                String block = "stages." + s + ".blocks." + j + ".";
                huggingFaceAttention(pairs, block + "attn.", layers + 2 * j + ".module.");
                huggingFaceMlp(pairs, block + "mlp.", layers + (2 * j + 1) + ".module.");
            }
            String down = "stages." + (s + 1) + ".downsample.";
            huggingFaceAttention(pairs, down + "attn_downsample.", layers + 2 * depths.get(s) + ".");
            huggingFaceMlp(pairs, down + "mlp.", layers + (2 * depths.get(s) + 1) + ".module.");
        }
        for (String[] head : new String[][] {{"head", "classifier"}, {"head_dist", "classifier_distill"}}) {
            Collections.addAll(
                    pairs, head[0] + ".bn", head[1] + ".batch_norm", head[0] + ".linear", head[1] + ".linear");
        }
        return CheckpointNames.of(pairs.toArray(String[]::new)).named("hf");
    }

    private static void huggingFaceAttention(List<String> pairs, String path, String key) {
        Collections.addAll(pairs, path + "attention_biases", key + "attention_biases");
        huggingFaceLinear(pairs, path + "qkv", key + "queries_keys_values");
        huggingFaceLinear(pairs, path + "kv", key + "keys_values");
        huggingFaceLinear(pairs, path + "q.ln", key + "queries");
        huggingFaceLinear(pairs, path + "proj.ln", key + "projection");
    }

    private static void huggingFaceMlp(List<String> pairs, String path, String key) {
        huggingFaceLinear(pairs, path + "ln1", key + "linear_up");
        huggingFaceLinear(pairs, path + "ln2", key + "linear_down");
    }

    private static void huggingFaceLinear(List<String> pairs, String path, String key) {
        Collections.addAll(pairs, path + ".linear", key + ".linear", path + ".bn", key + ".batch_norm");
    }

    /** Names in vit-pytorch, where the layers are one list: stage, downsampling, stage, ... */
    static NameSchemes of(CommunityLevit model) {
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i < model.stages().size(); i++) {
            vitPytorchBlock(pairs, "stages." + i + ".blocks.{i}.attn", "stages." + i + ".blocks.{i}.mlp", 2 * i, "{i}");
            String down = "stages." + i + ".downsample.";
            if (i > 0) vitPytorchBlock(pairs, down + "attn_downsample", down + "mlp", 2 * i - 1, "0");
        }
        for (int i = 1; i <= 4; i++) {
            Collections.addAll(pairs, "stem.conv" + i + ".linear", "conv_embedding." + (i - 1));
        }
        Collections.addAll(pairs, "head.linear", "mlp_head", "head_dist.linear", "distill_head");
        // vit-pytorch keeps images [C, H, W] instead of tokens.
        return NameSchemes.published(CheckpointNames.of(pairs.toArray(String[]::new))
                .shaped(TensorForm.PIXEL, "stages.*.linear.kernel", "stages.*.mlp.fc{i}.kernel"));
    }

    private static void vitPytorchBlock(List<String> pairs, String attention, String mlp, int layer, String number) {
        String key = "backbone." + layer + ".layers." + number;
        vitPytorchAttention(pairs, attention + ".", key + ".0.");
        Collections.addAll(pairs, mlp + ".fc1", key + ".1.net.0", mlp + ".fc2", key + ".1.net.3");
    }

    private static void vitPytorchAttention(List<String> pairs, String path, String key) {
        for (String part : List.of("q", "k", "v")) {
            Collections.addAll(pairs, path + part + ".linear", key + "to_" + part + ".0");
            Collections.addAll(pairs, path + part + ".bn", key + "to_" + part + ".1");
        }
        Collections.addAll(pairs, path + "proj.ln.linear", key + "to_out.1", path + "proj.ln.bn", key + "to_out.2");
        Collections.addAll(pairs, path + "attention_biases.index", key + "pos_indices");
        Collections.addAll(pairs, path + "attention_biases", key + "pos_bias.weight^T");
    }
}
