"""Networks of timm 0.9.16 and of the papers' authors."""

from functools import partial

from timm.models import cait, crossvit, deit, levit, pit, vision_transformer
from timm.models import vision_transformer_hybrid as hybrid
from torch import nn
from torch.nn import functional as F

import sources
from case import Reference


def tuples(value):
    return tuple(tuples(one) for one in value) if isinstance(value, list) else value


def without(h, *names):
    return {key: tuples(value) for key, value in h.items() if key not in names}


def norm(config):
    (eps,) = config["layers"]["LayerNorm_eps"]
    return partial(nn.LayerNorm, eps=eps)


def of(network):
    return lambda config, h: Reference(network(**without(h)))


# ---- timm


def two_heads(module):
    """Outputs of both heads; in inference also their mean, as timm returns it."""
    heads = {}
    module.head.register_forward_hook(lambda layer, inputs, output: heads.update(logits_cls=output))
    module.head_dist.register_forward_hook(lambda layer, inputs, output: heads.update(logits_dist=output))

    def forward(data):
        module.set_distilled_training(module.training)
        mean = module(data["input"])
        return dict(heads) if module.training else {**heads, "logits": mean}

    return forward


def hard(alpha):
    def loss(outputs, data):
        labels = F.cross_entropy(outputs["logits_cls"], data["labels"])
        teacher = F.cross_entropy(outputs["logits_dist"], data["teacher_logits"].argmax(-1))
        return (1 - alpha) * labels + alpha * teacher

    return loss


def deit_distilled(config, h):
    module = deit.VisionTransformerDistilled(**without(h, "alpha", "tau"))

    def losses(outputs, data):
        """DistillationLoss of facebookresearch/deit."""
        none = F.cross_entropy(outputs["logits_cls"], data["labels"])
        t = h["tau"]
        student = F.log_softmax(outputs["logits_dist"] / t, -1)
        teacher = F.log_softmax(data["teacher_logits"] / t, -1)
        soft = F.kl_div(student, teacher, reduction="sum", log_target=True) * t * t / student.numel()
        return {
            "loss": (1 - h["alpha"]) * none + h["alpha"] * soft,
            "hard": hard(h["alpha"])(outputs, data),
            "none": none,
        }

    return Reference(module, two_heads(module), losses)


def vit(config, h):
    if "resnet" not in h:
        return Reference(vision_transformer.VisionTransformer(**without(h)))
    stem = hybrid._resnetv2(h["resnet"])
    embed = partial(hybrid.HybridEmbed, backbone=stem)
    return Reference(vision_transformer.VisionTransformer(**without(h, "resnet"), embed_layer=embed))


def levit_network(config, h):
    if not h.get("distilled"):
        return Reference(levit.Levit(**without(h, "distilled")))
    module = levit.LevitDistilled(**without(h, "distilled", "alpha"))
    return Reference(module, two_heads(module), lambda o, data: {"loss": hard(h["alpha"])(o, data)})


class DistilledPit(pit.PoolingVisionTransformer):
    """timm 0.9.16 gives the class token to the distillation head; corrected as in timm 836dd990."""

    def forward_head(self, x, pre_logits=False):
        cls, dist = self.head(self.head_drop(x[:, 0])), self.head_dist(self.head_drop(x[:, 1]))
        return (cls, dist) if self.training else (cls + dist) / 2


def pit_network(config, h):
    if not h.get("distilled"):
        return Reference(pit.PoolingVisionTransformer(**without(h)))
    module = DistilledPit(**without(h, "alpha"))
    return Reference(module, two_heads(module), lambda o, data: {"loss": hard(h["alpha"])(o, data)})


def class_attention(config, h):
    module = cait.LayerScaleBlockClassAttn(**h, norm_layer=norm(config))
    return Reference(module, lambda data: {"output": module(data["input"], data["cls"])})


def multi_scale_block(config, h):
    module = crossvit.MultiScaleBlock(
        **h, patches=None, drop_path=[0.0] * sum(h["depth"]), norm_layer=norm(config))
    return Reference(
        module, lambda data: dict(zip(("output_0", "output_1"), module([data["input_0"], data["input_1"]]))))


# ---- authors


def vitae(name):
    return sources.module("ViTAE-Transformer/Image-Classification/vitae", name)


def reduction_cell(config, h):
    """The authors' condition for the types transformer and pooling is never reached, so both are put together here."""
    cell, kind = vitae("ReductionCell").ReductionCell, h["tokens_type"]
    if kind not in ("transformer", "pooling"):
        return Reference(cell(**h))
    ratio = h["downsample_ratios"]
    changes = {"tokens_type": "performer", "num_heads": 1, "downsample_ratios": 1 if kind == "pooling" else ratio}
    module = cell(**{**h, **changes})
    if kind == "pooling":
        module.pool = nn.MaxPool2d(ratio, ratio)
    transformer = vitae("token_transformer").Token_transformer
    module.attn = transformer(
        dim=module.PRM.out_chans, in_dim=h["token_dims"], num_heads=h["num_heads"], mlp_ratio=h["mlp_ratio"])
    return Reference(module)


def deepvit(config, h):
    network = sources.module("dvit_repo/models", "deep_vision_transformer").DeepVisionTransformer
    depth = [None] * h["depth"]
    return Reference(network(**{**h, "depth": depth}, norm_layer=norm(config)))


def ceit_model():
    return sources.module("ceit", "ceit_model")


def ceit(config, h):
    stem = ceit_model().Image2Tokens(out_chans=h["i2t_out_chans"])
    return Reference(ceit_model().CeIT(**without(h, "i2t_out_chans"), hybrid_backbone=stem, norm_layer=norm(config)))


def cvt_model():
    return sources.module("CvT/lib/models", "cls_cvt")


def cvt(config, h):
    model = cvt_model()
    normal = partial(model.LayerNorm, eps=1e-5)
    return Reference(
        model.ConvolutionalVisionTransformer(
            num_classes=h["num_classes"], act_layer=model.QuickGELU, norm_layer=normal, spec=h))


def cvt_attention(config, h):
    module = cvt_model().Attention(**without(h, "grid"))
    if h["method"] == "linear":
        # As printed, q, k and v are never set without a convolution.
        module.conv_proj_q = nn.Identity()
        module.forward_conv = lambda x, height, width: (x, x, x)
    return Reference(module, lambda data: {"output": module(data["input"], *h["grid"])})


def conv_embed(config, h):
    layer = partial(nn.LayerNorm, eps=1e-5) if h["norm"] else None
    return Reference(cvt_model().ConvEmbed(**without(h, "norm"), norm_layer=layer))


def soft_split(config, h):
    module = nn.Unfold(h["kernel"], stride=h["stride"], padding=h["padding"])
    return Reference(module, lambda data: {"output": module(data["input"]).transpose(1, 2)})


MODELS = {
    "ViT": vit,
    "DeiT": deit_distilled,
    "CaiT": of(cait.Cait),
    "CrossViT": of(crossvit.CrossVit),
    "PiT": pit_network,
    "LeViT": levit_network,
    "DeepViT": deepvit,
    "T2T-ViT": lambda config, h: Reference(sources.module("T2T-ViT/models", "t2t_vit").T2T_ViT(**h)),
    "CeiT": ceit,
    "CvT": cvt,
    "ViTAE": lambda config, h: Reference(vitae("vitmodules").ViTAE_ViT_basic(**h)),
}

MODULES = {
    "LayerScaleBlockClassAttn": class_attention,
    "TalkingHeadAttn": of(cait.TalkingHeadAttn),
    "MultiScaleBlock": multi_scale_block,
    "timm/models/levit.py:Attention": lambda config, h: Reference(levit.Attention(**h, act_layer=nn.Hardswish)),
    "AttentionDownsample": lambda config, h: Reference(levit.AttentionDownsample(**h, act_layer=nn.Hardswish)),
    "Pooling": lambda config, h: Reference(pit.Pooling(**without(h, "tokens"))),
    "ReAttention": lambda config, h: Reference(sources.module("dvit_repo/models", "layers").ReAttention(**h)),
    "models/token_performer.py:Token_performer": lambda config, h: Reference(
        sources.module("T2T-ViT/models", "token_performer").Token_performer(**h)),
    "models/token_transformer.py:Token_transformer": lambda config, h: Reference(
        sources.module("T2T-ViT/models", "token_transformer").Token_transformer(**h)),
    "Token_performer": lambda config, h: Reference(vitae("token_performer").Token_performer(**h)),
    "Token_transformer": lambda config, h: Reference(vitae("token_transformer").Token_transformer(**h)),
    "AttentionPerformer": lambda config, h: Reference(vitae("NormalCell").AttentionPerformer(**h)),
    "Image2Tokens": lambda config, h: Reference(ceit_model().Image2Tokens(**h)),
    "LocallyEnhancedFeedForward": lambda config, h: Reference(ceit_model().LocallyEnhancedFeedForward(**h)),
    "Block(feedforward_type='lca')": lambda config, h: Reference(
        ceit_model().Block(**h, feedforward_type="lca", norm_layer=norm(config))),
    "lib/models/cls_cvt.py:Attention": cvt_attention,
    "ConvEmbed": conv_embed,
    "soft split: Unfold then transpose(1,2)": soft_split,
    "NormalCell as printed in the seed": lambda config, h: Reference(vitae("NormalCell").NormalCell(**h)),
    "PRM as printed in the seed": lambda config, h: Reference(vitae("ReductionCell").PRM(**h)),
    "ReductionCell as printed in the seed": reduction_cell,
}
