"""Networks of vit-pytorch 0.20.2, and of rishikksh20/CeiT-pytorch."""

from math import isqrt

from einops.layers.torch import Rearrange
from torch import nn
from torch.nn import functional as F
from vit_pytorch import cait, cross_vit, cvt, deepvit, distill, levit, pit, t2t, vit

from case import Reference
from sources import on_path


def tuples(value):
    return tuple(tuples(one) for one in value) if isinstance(value, list) else value


def of(network):
    return lambda config, h: Reference(network(**{key: tuples(value) for key, value in h.items()}))


def levit_distilled(config, h):
    module = levit.LeViT(**{key: tuples(value) for key, value in h.items()})
    if "num_distill_classes" not in h:
        return Reference(module)

    def losses(outputs, data):
        targets = data["labels"], data["teacher_logits"].argmax(-1)
        pairs = zip((outputs["logits"], outputs["logits_distill"]), targets)
        return {"loss": sum(0.5 * F.cross_entropy(*pair) for pair in pairs)}

    return Reference(module, lambda data: dict(zip(("logits", "logits_distill"), module(data["input"]))), losses)


class FixedTeacher(nn.Module):
    """Gives stored logits."""

    def forward(self, images):
        return self.logits


def distilled(config, h):
    h = dict(h)
    student = getattr(distill, h.pop("student"))
    wrapper = {key: h.pop(key) for key in ("temperature", "alpha")}
    module = distill.DistillWrapper(
        teacher=FixedTeacher(), student=student(**{key: tuples(value) for key, value in h.items()}), **wrapper)

    def forward(data):
        module.teacher.logits = data["teacher_logits"]
        logits, tokens = module.student(data["input"], distill_token=module.distillation_token)
        return {
            "logits": logits,
            "distill_tokens": tokens,
            "logits_distill": module.distill_mlp(tokens),
            "logits_without_distill_token": module.student(data["input"]),
        }

    def losses(outputs, data):
        module.hard = False
        soft = module(data["input"], data["labels"])
        module.hard = True
        printed = module(data["input"], data["labels"])  # the class logits learn the teacher's labels
        labels = F.cross_entropy(outputs["logits"], data["labels"])
        teacher = F.cross_entropy(outputs["logits_distill"], data["teacher_logits"].argmax(-1))
        fixed = (1 - module.alpha) * labels + module.alpha * teacher
        return {"loss": soft, "hard_as_printed": printed, "hard_fixed": fixed}

    return Reference(module, forward, losses)


def cait_attention(config, h):
    module = cait.LayerScale(h["dim"], cait.PreNorm(h["dim"], cait.Attention(h["dim"], h["heads"], h["dim_head"])), 2)
    if not h["with_context"]:
        return Reference(module)
    return Reference(module, lambda data: {"output": module(data["input"], context=data["context"])})


def levit_attention(config, h):
    return Reference(levit.Attention(**h))


def leff_grid(module, side):
    """LeFF is written for a grid of 14 x 14."""
    for layer in module.modules():
        if type(layer).__name__ == "LeFF":
            layer.up_proj[-1] = Rearrange("b c (h w) -> b c h w", h=side, w=side)
            layer.depth_conv[-1] = Rearrange("b c h w -> b (h w) c", h=side, w=side)


def ceit(config, h):
    with on_path("CeiT-pytorch", "ceit", "module") as modules:
        module = modules["ceit"].CeiT(**h)
    leff_grid(module, h["image_size"] // 4 // h["patch_size"])
    return Reference(module)


def ceit_lca(config, h):
    with on_path("CeiT-pytorch", "ceit", "module") as modules:
        return Reference(modules["ceit"].LCA(**h))


def ceit_leff(config, h):
    with on_path("CeiT-pytorch", "ceit", "module") as modules:
        module = modules["module"].LeFF(**h)
    leff_grid(module, isqrt(config["inputs"]["input"][1]))
    return Reference(module)


def ceit_stem(config, h):
    """The first two parts of CeiT."""
    side = config["inputs"]["input"][2]
    with on_path("CeiT-pytorch", "ceit", "module") as modules:
        whole = modules["ceit"].CeiT(image_size=side, num_classes=1, depth=0, **h)
    module = nn.ModuleDict({"conv": whole.conv, "to_patch_embedding": whole.to_patch_embedding})
    return Reference(
        module, lambda data: {"output": module["to_patch_embedding"](module["conv"](data["input"]))})


MODELS = {
    "ViT": of(vit.ViT),
    "DeepViT": of(deepvit.DeepViT),
    "DeiT": distilled,
    "CaiT": of(cait.CaiT),
    "T2T-ViT": of(t2t.T2TViT),
    "CrossViT": of(cross_vit.CrossViT),
    "PiT": of(pit.PiT),
    "LeViT": levit_distilled,
    "CvT": of(cvt.CvT),
    "CeiT": ceit,
}

MODULES = {
    "vit_pytorch/cait.py": cait_attention,
    "vit_pytorch/cross_vit.py": lambda config, h: Reference(
        cross_vit.CrossTransformer(**{"dropout": 0.0, **h})),
    "vit_pytorch/levit.py": levit_attention,
    "vit_pytorch/pit.py": of(pit.Pool),
    "vit_pytorch/deepvit.py": of(deepvit.Attention),
    "LCA": ceit_lca,
    "LeFF": ceit_leff,
    "conv and to_patch_embedding of CeiT": ceit_stem,
}
