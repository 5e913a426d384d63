package org.vit4j.checkpoint.names;

import java.util.ArrayList;
import java.util.List;
import org.vit4j.checkpoint.names.CheckpointNames.TensorForm;
import org.vit4j.layers.ResNetV2;
import org.vit4j.models.Deit;
import org.vit4j.models.Vit;
import org.vit4j.models.community.CommunityDeit;

/** Published parameter names of ViT and DeiT. vit4j's names are those of timm. */
final class VitNames {
    /** Keys of DINOv2 and MAE: the token in place of masked patches, and the decoder that predicts them. */
    private static final String[] PRETRAINING = {
        "mask_token", "decoder_embed.*", "decoder_blocks.*", "decoder_norm.*", "decoder_pred.*", "decoder_pos_embed"
    };

    private static final String[] HF_DEIT_HEADS = {"head_dist", "distillation_classifier", "head", "cls_classifier"};

    /** Names in vit-pytorch 0.20.2. */
    static final CheckpointNames VIT_PYTORCH = CheckpointNames.of(
                    "patch_embed.proj", "to_patch_embedding.1",
                    "pos_embed", "pos_embedding",
                    "blocks.{i}.norm1", "transformer.layers.{i}.0.norm",
                    "blocks.{i}.attn.qkv", "transformer.layers.{i}.0.fn.to_qkv",
                    "blocks.{i}.attn.proj", "transformer.layers.{i}.0.fn.to_out.0",
                    "blocks.{i}.norm2", "transformer.layers.{i}.1.norm",
                    "blocks.{i}.mlp.fc1", "transformer.layers.{i}.1.fn.net.0",
                    "blocks.{i}.mlp.fc2", "transformer.layers.{i}.1.fn.net.3",
                    "norm", "mlp_head.0",
                    "fc_norm", "mlp_head.0",
                    "head", "mlp_head.1")
            .shaped(TensorForm.PATCHES, "patch_embed.proj.kernel");

    private VitNames() {}

    static NameSchemes vit(Vit vit) {
        List<CheckpointNames> published = new ArrayList<>(List.of(timm(vit)));
        published.addAll(huggingFace());
        List<CheckpointNames> all = new ArrayList<>(published);
        all.addAll(readOnly(vit));
        return new NameSchemes(published, all);
    }

    private static CheckpointNames timm(Vit vit) {
        // In timm a stem without stages is the backbone itself.
        boolean stemOnly =
                vit.embedding().resnet().map(stem -> stem.layers().isEmpty()).orElse(false);
        CheckpointNames names = stemOnly
                ? CheckpointNames.of("patch_embed.backbone.stem", "patch_embed.backbone")
                : CheckpointNames.SAME;
        return names.ignoring(PRETRAINING);
    }

    private static List<CheckpointNames> huggingFace() {
        return List.of(HuggingFaceNames.vit("vit.", "head", "classifier"), HuggingFaceNames.vit(""));
    }

    /** Schemes that are read and never written. */
    private static List<CheckpointNames> readOnly(Vit vit) {
        List<CheckpointNames> all = new ArrayList<>(List.of(
                CheckpointNames.of("reg_token", "register_tokens")
                        .named("dinov2")
                        .then(timm(vit)),
                HuggingFaceNames.vit5("vit.", "head", "classifier"),
                HuggingFaceNames.vit5(""),
                HuggingFaceNames.dinov2("", false),
                HuggingFaceNames.dinov2("", true)));
        all.addAll(GoogleResearchNames.vit(
                vit.embedding().resnet().map(ResNetV2::layers).orElse(List.of())));
        return all;
    }

    static NameSchemes deit(Deit deit) {
        CheckpointNames authors = CheckpointNames.of(
                        "blocks.{i}.ls1.gamma", "blocks.{i}.gamma_1",
                        "blocks.{i}.ls2.gamma", "blocks.{i}.gamma_2")
                .named("authors"); // DeiT III; the names of the earlier DeiT are those of timm
        List<CheckpointNames> published = new ArrayList<>(List.of(timm(deit.vit()), authors));
        List<CheckpointNames> readOnly;
        if (deit.distilled()) {
            published.add(HuggingFaceNames.vit("deit.", HF_DEIT_HEADS));
            published.add(HuggingFaceNames.vit("deit.", "head", "classifier")); // without the distillation head
            readOnly = List.of(
                    HuggingFaceNames.vit(""), HuggingFaceNames.vit5("deit.", HF_DEIT_HEADS), HuggingFaceNames.vit5(""));
        } else {
            published.addAll(huggingFace()); // Hugging Face has the DeiT without token as a ViT
            readOnly = readOnly(deit.vit());
        }
        List<CheckpointNames> all = new ArrayList<>(published);
        all.addAll(readOnly);
        return new NameSchemes(published, all);
    }

    /** Names in vit-pytorch: the ViT is a module of the wrapper. */
    static NameSchemes communityDeit(CommunityDeit deit) {
        if (!deit.distilled()) return NameSchemes.published(VIT_PYTORCH);
        return NameSchemes.published(CheckpointNames.of(
                        "dist_token", "distillation_token", "dist_norm", "distill_mlp.0", "head_dist", "distill_mlp.1")
                .then(VIT_PYTORCH.withPrefix("student")));
    }
}
