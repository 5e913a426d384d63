"""The compared networks: a config of vit4j, and the same network in a PyTorch package from PyPI."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """A network in vit4j and in its peer package."""

    name: str
    config: str
    peer: dict  # package, model, arguments; empty if no package has the network
    image: int = 224
    batch: int = 8
    classes: int = 1000
    sets: list = field(default_factory=list)
    note: str = ""

    def overrides(self):
        return [*self.sets, f"train.batch={self.batch}"]


def timm(model, **arguments):
    return {"package": "timm", "model": model, "arguments": arguments}


def vit_pytorch(model, **arguments):
    return {"package": "vit-pytorch", "model": model, "arguments": arguments}


def vit(name, image=32, patch=4, depth=6, batch=32, note=""):
    """ViT of width 192 with 3 heads, as in timm."""
    return Row(
        name,
        "vit_tiny_patch16_224",
        timm("vit_tiny_patch16_224", img_size=image, patch_size=patch, depth=depth, num_classes=10),
        image,
        batch,
        10,
        [f"model.image.size={image}", f"model.patch_size={patch}", f"model.depth={depth}", "model.classes=10"],
        note,
    )


ROWS = [
    Row("deit_tiny", "deit_tiny_patch16_224", timm("deit_tiny_patch16_224")),
    Row("deit_small", "deit_small_patch16_224", timm("deit_small_patch16_224")),
    Row("vit_base", "vit_base_patch16_224", timm("vit_base_patch16_224")),
    Row("cait_xxs24", "cait_xxs24_224", timm("cait_xxs24_224")),
    Row("pit_ti", "pit_ti_224", timm("pit_ti_224")),
    Row("levit_128s", "levit_128s", timm("levit_128s"), note="trained with the mean of the logits of both heads"),
    Row("crossvit_tiny", "crossvit_tiny_240", timm("crossvit_tiny_240"), image=240),
    Row(
        "t2t_vit_7",
        "bench/configs/t2t_vit_7-community.yaml",
        vit_pytorch(
            "t2t.T2TViT",
            image_size=224,
            dim=256,
            depth=7,
            heads=4,
            mlp_dim=512,
            num_classes=1000,
            t2t_layers=[[7, 4], [3, 4]],
        ),
        note="community version with two soft splits: no package has the authors' version",
    ),
    Row(
        "cvt_13",
        "cvt_13",
        {"package": "transformers", "model": "CvtForImageClassification", "arguments": {"drop_path_rate": [0.0, 0.0, 0.0]}},
        sets=["model.drop_path=[0,0,0]"],
    ),
    Row(
        "cvt_13 (community)",
        "bench/configs/cvt_13-community.yaml",
        vit_pytorch("cvt.CvT", num_classes=1000),
    ),
    Row(
        "deepvit",
        "bench/configs/deepvit-community.yaml",
        vit_pytorch(
            "deepvit.DeepViT",
            image_size=224,
            patch_size=16,
            num_classes=1000,
            dim=384,
            depth=12,
            heads=6,
            mlp_dim=1152,
        ),
        note="community version: no package has the authors' version",
    ),
    Row("ceit_tiny", "ceit_tiny", {}, note="no peer package"),
    Row("vitae_tiny", "vitae_tiny", {}, note="no peer package"),
    vit("vit_192x6_32px", note="width 192, depth 6, patch 4"),
]

# Rows of the short comparison, bench/short.py.
SHORT = [
    next(row for row in ROWS if row.name == name)
    for name in (
        "deit_tiny",
        "deit_small",
        "vit_base",
        "levit_128s",
        "pit_ti",
        "crossvit_tiny",
        "cait_xxs24",
        "cvt_13",
        "ceit_tiny",
    )
]

# Scaling of the cost: for each axis its values and the network for each value.
GROWTH = {
    "depth": [(d, vit(f"depth {d}", image=64, patch=8, depth=d, batch=8)) for d in (1, 2, 4, 8, 16)],
    "tokens": [
        ((96 // p) ** 2 + 1, vit(f"patch {p}", image=96, patch=p, depth=4, batch=8)) for p in (32, 16, 8, 6, 4)
    ],
    "batch": [(b, vit(f"batch {b}", image=64, patch=8, depth=4, batch=b)) for b in (1, 2, 4, 8, 16, 32, 64)],
    "image size": [(s, vit(f"{s} px", image=s, patch=16, depth=4, batch=8)) for s in (64, 128, 224, 320, 448)],
}

# Trained for 2,000 steps to check that memory does not grow.
LONG = vit("vit_192x6_32px", batch=8)


def build(peer):
    """Builds the PyTorch network of a row with initial weights."""
    package, model, arguments = peer["package"], peer["model"], dict(peer["arguments"])
    if package == "timm":
        import timm as library

        return library.create_model(model, **arguments)
    if package == "transformers":
        import transformers

        class Logits(transformers.CvtForImageClassification):
            def forward(self, pixels):
                return super().forward(pixels, return_dict=True).logits

        return Logits(transformers.CvtConfig(num_labels=1000, **arguments))
    if package == "vit-pytorch":
        import importlib

        module, name = model.split(".")
        return getattr(importlib.import_module("vit_pytorch." + module), name)(**arguments)
    raise ValueError(f"unknown package {package}")
