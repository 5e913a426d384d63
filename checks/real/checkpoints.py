"""Checkpoints as PyTorch, timm, transformers and google-research write them: they give the logits of their makers."""

import argparse
import collections
import datetime
import decimal
import enum
import functools
import os
import pathlib
import subprocess

import numpy as np
import timm
import torch
from safetensors.torch import load_file, save_file
from timm.models.vision_transformer import VisionTransformer

from .common import one_line_error, vit4j, vit4j_json

TOLERANCE = 1e-5
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 346284714\n"
SHAPE = "image: {size: 32}, patch_size: 8, dim: 32, depth: 2, heads: 4"
PLAIN = "{arch: vit, " + SHAPE + ", classes: 5}"


class Level(enum.Enum):
    LOW = 1


class Unknown:
    """A class that is unknown to the reader, with state."""

    def __init__(self):
        self.values = {"a": [1, 2, torch.zeros(3)], "b": torch.ones(2, 2)}


class DictLike(dict):
    pass


class Runs:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return subprocess.check_output, (["touch", str(self.target)],)


def seeded(model, seed=7):
    """Random parameters: also norms, scales and statistics that start at 0 or 1."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, value in model.state_dict().items():
            if not value.dtype.is_floating_point:
                continue
            noise = torch.randn(value.shape, generator=generator) * 0.05
            if key.endswith("running_var"):
                value.copy_(1 + noise.abs())
            elif value.dim() <= 1 and key.endswith(("weight", "gamma", "lambda1")):
                value.copy_(1 + noise)
            else:
                value.copy_(noise)
    return model.eval()


def small(seed=7, **changes):
    options = dict(img_size=32, patch_size=8, embed_dim=32, depth=2, num_heads=4, num_classes=5)
    return seeded(VisionTransformer(**{**options, **changes}), seed)


class Case:
    """A folder with a config, an input, and what the reference answers."""

    def __init__(self, tmp, name, config=None):
        self.folder = tmp / name
        self.folder.mkdir()
        self.config = self.folder / "net.yaml"
        if config and not config.startswith("{"):
            self.config = config
        else:
            self.config.write_text(f"model: {config or PLAIN}\n")
        self.model = self.folder / "out.keras"

    def load(self, file, *more, code=0):
        return vit4j("import", self.config, file, "-o", self.model, *more, code=code)

    def logits(self, images):
        path = self.folder / "images.npy"
        np.save(path, images.numpy())
        answers = vit4j_json("predict", self.model, path, "--logits")
        return np.array([answer["logits"] for answer in answers])

    def same(self, expected, images):
        actual = self.logits(images)
        error = np.abs(actual - expected).max() / np.abs(expected).max()
        assert error < TOLERANCE, f"logits differ by {error:.1e}"

    def refused(self, file, *words, more=()):
        done = self.load(file, *more, code=2)
        one_line_error(done, *words)
        assert not self.model.exists(), "a refused import left a model"


def images(height=32, width=32, seed=1):
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(seed))


def answer(model, batch):
    with torch.no_grad():
        return model(batch).numpy()


def prefixed(state, prefix):
    return {prefix + key: value for key, value in state.items()}


def infixed(state):
    """As torch.compile of single blocks names them."""
    return {key.replace("blocks.0.", "blocks.0._orig_mod."): value for key, value in state.items()}


def wrappers():
    model = small()
    state = model.state_dict()
    metric = {"criterion.weight": torch.ones(5), "val_acc.correct": torch.zeros(()), "n_averaged": torch.tensor(3)}
    optimizer = torch.optim.AdamW(model.parameters())
    model(images()).sum().backward()
    optimizer.step()
    seeded(model)
    half = {key: value.half() for key, value in state.items()}
    other = small(seed=3, depth=3).state_dict()
    content = {"epoch": 3, "model_state_dict": state, "optimizer_state_dict": optimizer.state_dict()}
    yield "model_state_dict", content, []
    yield "list", {"models": [other, {"a": {"any name": state}}]}, []
    prefixes = {"state_dict": {**prefixed(state, "_orig_mod.module.model.backbone."), **metric}}
    yield "prefixes-and-others", prefixes, ["criterion.weight"]
    yield "infix", infixed(prefixed(state, "module.")), []
    head = {key for key in state if key.startswith("head.")}
    split = {("model." if key in head else "model.backbone.") + key: value for key, value in state.items()}
    yield "head-elsewhere", {"state_dict": split}, ["head.weight"]
    yield "key", {"student": half, "teacher": state}, ["--key"]
    yield "flat-key", {**prefixed(half, "student.backbone."), **prefixed(state, "teacher.backbone.")}, ["--key"]


def wrapper(tmp, name, content, words):
    case = Case(tmp, f"wrapper-{name}")
    file = case.folder / "checkpoint.pth"
    torch.save(content, file)
    if words == ["--key"]:
        case.refused(file, "student", "teacher", "--key")
        done = case.load(file, "--key", "teacher")
    else:
        done = case.load(file)
        for word in words:
            assert word in done.stderr, f"expected '{word}' in: {done.stderr}"
    case.same(answer(small(), images()), images())


def usual_objects():
    return {
        "paths": [pathlib.Path("/data/imagenet"), pathlib.PureWindowsPath("C:/data")],
        "numpy": {"scalar": np.float64(3), "array": np.arange(6.0).reshape(2, 3), "int": np.int32(4)},
        "namespace": argparse.Namespace(lr=0.1, path=pathlib.Path("a"), device=torch.device("cpu")),
        "dates": [datetime.datetime.now(), datetime.date.today(), datetime.timedelta(3)],
        "collections": [collections.Counter("aab"), collections.deque([1]), collections.defaultdict(list)],
        "python": [decimal.Decimal("1.5"), 2**80, 1 + 2j, {1, 2}, frozenset((3,)), b"abc", slice(1), range(3)],
        "torch": [torch.Size([1, 2]), torch.float16, torch.device("cpu"), torch.get_rng_state()],
        "partial": functools.partial(print, 3),
        "tensors": [torch.eye(3).to_sparse(), torch.zeros(2, dtype=torch.complex64)],
        "unsigned": torch.zeros(2, dtype=torch.uint16),
    }


def unusual_objects():
    objects = [{"level": Level.LOW}, Unknown(), DictLike(a=1)]
    try:
        from omegaconf import OmegaConf
        from yacs.config import CfgNode

        objects.append(OmegaConf.create({"lr": 0.1, "path": ["a", {"b": 2}]}))
        objects.append(CfgNode({"LR": 0.1, "DATA": CfgNode({"PATH": "x"})}))
    except ImportError:
        pass
    return objects


def opaque(tmp, name, value, words, protocol):
    case = Case(tmp, f"object-{name}")
    file = case.folder / "checkpoint.pth"
    torch.save({"args": value, "model": small().state_dict(), "more": [value]}, file, pickle_protocol=protocol)
    done = case.load(file)
    assert words or "not read" not in done.stderr, done.stderr
    for word in words:
        assert word in done.stderr, f"expected '{word}' in: {done.stderr}"
    case.same(answer(small(), images()), images())


def nothing_runs(tmp):
    case = Case(tmp, "runs")
    marker = case.folder / "was-executed"
    file = case.folder / "checkpoint.pth"
    torch.save({"model": small().state_dict(), "extra": Runs(marker)}, file)
    case.refused(file, "check_output", "none of its code was run")
    assert not marker.exists()


def whole_module(tmp):
    case = Case(tmp, "module")
    file = case.folder / "checkpoint.pth"
    torch.save(small(), file)
    case.refused(file, "VisionTransformer", "state_dict()")


def parameter_is_an_object(tmp):
    case = Case(tmp, "object-parameter")
    file = case.folder / "checkpoint.pth"
    state = dict(small().state_dict())
    state["blocks.0.norm1.weight"] = Unknown()
    torch.save(state, file)
    case.refused(file, "blocks.0.norm1.weight", "Unknown")


def headless(tmp, name, config, state, features, weights=None):
    """Without --classes refused; with it the head is initialized. Its kernel, from an export, checks the features."""
    case = Case(tmp, f"headless-{name.replace(' ', '-')}", config)
    file = case.folder / "checkpoint.pth"
    torch.save(state, file)
    case.refused(file, "--classes")
    done = case.load(file, "--classes", "4")
    assert "initialized" in done.stderr, done.stderr
    exported = case.folder / "out.safetensors"
    vit4j("export", case.model, "--format", "safetensors", "--names", "reference", "-o", exported)
    head = load_file(exported)
    expected = features @ head["head.weight"].T.numpy() + head["head.bias"].numpy()
    case.same(expected, images())
    missing = dict(state)
    del missing[next(key for key in missing if "norm1" in key or "layernorm_before" in key)]
    torch.save(missing, case.folder / "missing.pth")
    one_line_error(case.load(case.folder / "missing.pth", "--classes", "4", code=2), "missing: 1")


def headless_cases(tmp):
    vit = "{arch: vit, " + SHAPE + ", classes: 5}"
    scaled = "{arch: vit, " + SHAPE + ", classes: 5, layer_scale: 1}"
    model = small(num_classes=0)
    yield "timm", vit, model.state_dict(), answer(model, images())
    dino = small(num_classes=0, init_values=1.0)
    yield "dinov2", scaled, {**dino.state_dict(), "mask_token": torch.zeros(1, 32)}, answer(dino, images())
    decoder = {"mask_token": torch.zeros(1, 1, 16), "decoder_embed.weight": torch.zeros(16, 32),
               "decoder_blocks.0.norm1.weight": torch.zeros(16), "decoder_pos_embed": torch.zeros(1, 17, 16)}
    yield "mae", vit, {**model.state_dict(), **decoder}, answer(model, images())
    registers = small(num_classes=0, init_values=1.0, reg_tokens=4, no_embed_class=True)
    state = registers.state_dict()
    position = torch.linspace(-0.2, 0.2, 32).reshape(1, 1, 32)
    state["register_tokens"] = state.pop("reg_token")
    state["cls_token"] = state["cls_token"] - position
    state["pos_embed"] = torch.cat([position, state["pos_embed"]], 1)
    config = scaled.replace("layer_scale: 1", "layer_scale: 1, register_tokens: 4, pos_prefix: false")
    yield "dinov2 with registers", config, {**state, "mask_token": torch.zeros(1, 32)}, answer(registers, images())


def hugging_face(tmp, kind):
    from transformers import Dinov2Config, Dinov2Model, ViTConfig, ViTForImageClassification, ViTModel

    options = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, image_size=32, patch_size=8)
    if kind == "dinov2":
        model = seeded(Dinov2Model(Dinov2Config(**options)))
    elif kind == "vit":
        model = seeded(ViTForImageClassification(ViTConfig(intermediate_size=128, num_labels=4, **options)))
    else:
        model = seeded(ViTModel(ViTConfig(intermediate_size=128, **options)))
    with torch.no_grad():
        output = model(images())
    vit = "{arch: vit, " + SHAPE + ", classes: 4, norm_eps: %g%s}" % (
        model.config.layer_norm_eps, ", layer_scale: 1" if kind == "dinov2" else "")
    for name, write in (
        ("saved", lambda folder: (model.save_pretrained(folder), folder / "model.safetensors")[1]),
        ("memory", lambda folder: (torch.save(model.state_dict(), folder / "m.bin"), folder / "m.bin")[1]),
    ):
        case = Case(tmp, f"hf-{kind}-{name}", vit)
        file = write(case.folder)
        if kind == "vit":
            case.load(file)
            case.same(output.logits.numpy(), images())
            continue
        case.refused(file, "--classes")
        case.load(file, "--classes", "4")
        exported = case.folder / "out.safetensors"
        vit4j("export", case.model, "--format", "safetensors", "--names", "reference", "-o", exported)
        head = load_file(exported)
        features = output.last_hidden_state[:, 0].numpy()
        case.same(features @ head["head.weight"].T.numpy() + head["head.bias"].numpy(), images())


def npz_state(model, big_vision):
    """The inverse of timm's _load_weights."""
    state = {key: value.numpy() for key, value in model.state_dict().items()}
    mha, mlp, norm2 = (0, 0, 1) if big_vision else (1, 3, 2)
    heads, dim = model.blocks[0].attn.num_heads, state["cls_token"].shape[-1]
    out = {"cls": state["cls_token"], "head/kernel": state["head.weight"].T, "head/bias": state["head.bias"],
           "embedding/kernel": state["patch_embed.proj.weight"].transpose(2, 3, 1, 0),
           "embedding/bias": state["patch_embed.proj.bias"],
           "Transformer/encoder_norm/scale": state["norm.weight"], "Transformer/encoder_norm/bias": state["norm.bias"],
           "pos_embedding" if big_vision else "Transformer/posembed_input/pos_embedding": state["pos_embed"]}
    for i in range(len(model.blocks)):
        ours, theirs = f"blocks.{i}.", f"Transformer/encoderblock_{i}/"
        for a, b in (("norm1", "LayerNorm_0"), ("norm2", f"LayerNorm_{norm2}")):
            out[f"{theirs}{b}/scale"], out[f"{theirs}{b}/bias"] = state[f"{ours}{a}.weight"], state[f"{ours}{a}.bias"]
        attention = f"{theirs}MultiHeadDotProductAttention_{mha}/"
        for j, part in enumerate(("query", "key", "value")):
            rows = slice(j * dim, (j + 1) * dim)
            out[f"{attention}{part}/kernel"] = state[ours + "attn.qkv.weight"][rows].T.reshape(dim, heads, -1)
            out[f"{attention}{part}/bias"] = state[ours + "attn.qkv.bias"][rows].reshape(heads, -1)
        out[attention + "out/kernel"] = state[ours + "attn.proj.weight"].T.reshape(heads, -1, dim)
        out[attention + "out/bias"] = state[ours + "attn.proj.bias"]
        for j in (0, 1):
            dense = f"{theirs}MlpBlock_{mlp}/Dense_{j}/"
            out[dense + "kernel"] = state[f"{ours}mlp.fc{j + 1}.weight"].T
            out[dense + "bias"] = state[f"{ours}mlp.fc{j + 1}.bias"]
    if hasattr(model.patch_embed, "backbone"):
        hybrid(out, state)
    return out


def hybrid(out, state):
    stem = "patch_embed.backbone.stem."
    root = stem if stem + "conv.weight" in state else "patch_embed.backbone."
    out["conv_root/kernel"] = state[root + "conv.weight"].transpose(2, 3, 1, 0)
    for leaf, name in (("weight", "scale"), ("bias", "bias")):
        out["gn_root/" + name] = state[f"{root}norm.{leaf}"].reshape(1, 1, 1, -1)
    for key, value in state.items():
        parts = key.split(".")
        if not key.startswith("patch_embed.backbone.stages."):
            continue
        unit = f"block{int(parts[3]) + 1}/unit{int(parts[5]) + 1}/"
        down = parts[6] == "downsample"
        module = parts[7] if down else parts[6]
        number = "_proj" if down else module[-1]
        if module.startswith("conv"):
            out[f"{unit}conv{number}/kernel"] = value.transpose(2, 3, 1, 0)
        else:
            out[f"{unit}gn{number}/{'scale' if parts[-1] == 'weight' else 'bias'}"] = value.reshape(1, 1, 1, -1)


def npz(tmp, name, model, config, save, big_vision=False, prefix="", size=32, check=None):
    case = Case(tmp, f"npz-{name}", config)
    file = case.folder / "weights.npz"
    save(file, **{prefix + key: value for key, value in npz_state(model, big_vision).items()})
    case.load(file)
    if check is None:
        check = model
    else:
        check.load_pretrained(str(file))
        check.eval()
    case.same(answer(check, images(size, size)), images(size, size))


def positions(tmp, name, reg, distilled):
    """A table of 4 x 16: copied by import and by train.init, resampled as a grid by import into another size."""
    from timm.models.deit import VisionTransformerDistilled

    options = dict(img_size=(32, 128), reg_tokens=reg)
    if distilled:
        model = seeded(VisionTransformerDistilled(
            img_size=(32, 128), patch_size=8, embed_dim=32, depth=2, num_heads=4, num_classes=5))
        arch = "deit, distilled: true"
    else:
        model, arch = small(**options), f"vit, register_tokens: {reg}"
    base = f"{{arch: {arch}, image: {{size: [32, 128]}}, patch_size: 8, dim: 32, depth: 2, heads: 4, classes: 5}}"
    case = Case(tmp, f"positions-{name}", base)
    file = case.folder / "checkpoint.safetensors"
    save_file(model.state_dict(), file)
    done = case.load(file)
    assert "resampled" not in done.stderr, done.stderr
    case.same(answer(model, images(32, 128)), images(32, 128))
    case.load(file, "--image", "48x128")
    trained(case, base, file, model)


def trained(case, base, file, model):
    """One step of learning rate 0 leaves what train.init read."""
    folder = case.folder / "data"
    from PIL import Image

    for part in ("train", "val"):
        for label in "abcde":
            (folder / part / label).mkdir(parents=True)
            for i in range(2):
                Image.new("RGB", (128, 32), (i * 40, 10, 90)).save(folder / part / label / f"{i}.png")
    config = case.folder / "train.yaml"
    config.write_text(
        f"model: {base}\ndata: {{dataset: image-folder, path: {folder}}}\n"
        f"train: {{epochs: 1, batch: 2, optimizer: {{name: sgd, lr: 1.0e-30}}, schedule: {{warmup_epochs: 0}},"
        f" init: {{weights: {file}}}}}\n")
    vit4j("train", config, "--run", case.folder / "run")
    case.model = case.folder / "run" / "last.keras"
    case.same(answer(model, images(32, 128)), images(32, 128))


def pointers(tmp):
    folder = tmp / "pointers"
    folder.mkdir()
    case = Case(tmp, "pointer")
    for name in ("a.pth", "a.safetensors", "a.npz", "model.safetensors.index.json"):
        (folder / name).write_text(POINTER)
        case.refused(folder / name, "Git LFS pointer", "git lfs pull", name)
    (folder / "a.keras").write_text(POINTER)
    one_line_error(vit4j("summary", folder / "a.keras", code=2), "Git LFS pointer")
    (folder / "a.npy").write_text(POINTER)
    (folder / "a.jpg").write_text(POINTER)
    torch.save(small().state_dict(), folder / "good.pth")
    case.load(folder / "good.pth")
    one_line_error(vit4j("predict", case.model, folder / "a.npy", code=2), "Git LFS pointer")
    done = subprocess.run([*os.environ.get("VIT4J", "./vit4j").split(), "predict", case.model, folder / "a.jpg"],
                          capture_output=True, text=True)
    assert done.returncode in (1, 2) and "Git LFS pointer" in done.stderr, done.stderr


def later_vit_pytorch(tmp):
    """Names and shapes of lucidrains/vit-pytorch 1.x, vit.py."""
    state = {"pos_embedding": (1, 17, 32), "cls_token": (1, 1, 32), "to_patch_embedding.1.weight": (192,),
             "to_patch_embedding.1.bias": (192,), "to_patch_embedding.2.weight": (32, 192),
             "to_patch_embedding.2.bias": (32,),
             "to_patch_embedding.3.weight": (32,), "to_patch_embedding.3.bias": (32,),
             "transformer.norm.weight": (32,), "transformer.norm.bias": (32,),
             "mlp_head.weight": (5, 32), "mlp_head.bias": (5,)}
    for i in range(2):
        layer = f"transformer.layers.{i}."
        state.update({layer + "0.norm.weight": (32,), layer + "0.norm.bias": (32,), layer + "0.to_qkv.weight": (96, 32),
                      layer + "0.to_out.0.weight": (32, 32), layer + "0.to_out.0.bias": (32,),
                      layer + "1.net.0.weight": (32,), layer + "1.net.0.bias": (32,),
                      layer + "1.net.1.weight": (64, 32),
                      layer + "1.net.1.bias": (64,), layer + "1.net.4.weight": (32, 64), layer + "1.net.4.bias": (32,)})
    for flavor in ("community", "official"):
        config = "{arch: vit, flavor: %s, %s, classes: 5, head_dim: 8}" % (flavor, SHAPE)
        case = Case(tmp, f"vit-pytorch-{flavor}", config)
        file = case.folder / "checkpoint.pth"
        torch.save({key: torch.zeros(shape) for key, shape in state.items()}, file)
        case.refused(file, "vit-pytorch", "0.20.2")


def cases(tmp):
    for name, content, words in wrappers():
        yield f"wrapper {name}", lambda n=name, c=content, w=words: wrapper(tmp, n, c, w)
    yield "usual objects", lambda: opaque(tmp, "usual", usual_objects(), [], 2)
    yield "usual objects, protocol 5", lambda: opaque(tmp, "usual5", usual_objects(), [], 5)
    yield "unknown objects", lambda: opaque(tmp, "unknown", unusual_objects(), ["Level", "Unknown", "DictLike"], 2)
    yield "object that runs a command", lambda: nothing_runs(tmp)
    yield "object that is the network", lambda: whole_module(tmp)
    yield "object that is a parameter", lambda: parameter_is_an_object(tmp)
    for name, config, state, features in headless_cases(tmp):
        yield f"headless {name}", lambda n=name, c=config, s=state, f=features: headless(tmp, n, c, s, f)
    for kind in ("model", "vit", "dinov2"):
        yield f"transformers {kind}", lambda k=kind: hugging_face(tmp, k)
    yield "npz", lambda: npz(tmp, "plain", small(), None, np.savez)
    yield "npz compressed, opt/target", lambda: npz(
        tmp, "old", small(), None, np.savez_compressed, prefix="opt/target/")
    yield "npz big_vision", lambda: npz(tmp, "big", small(), None, np.savez, True, "params/")
    larger = "{arch: vit, image: {size: 48}, patch_size: 8, dim: 32, depth: 2, heads: 4, classes: 5}"
    yield "npz of another size", lambda: npz(tmp, "size", small(), larger, np.savez, size=48, check=small(img_size=48))
    yield "npz hybrid", lambda: npz(
        tmp, "hybrid", seeded(timm.create_model("vit_tiny_r_s16_p8_224", num_classes=1000)), "vit_tiny_r_s16_p8_224",
        np.savez, size=224)
    for name, reg, distilled in (("plain", 0, False), ("registers", 4, False), ("distilled", 0, True)):
        yield f"positions 4 x 16 {name}", lambda n=name, r=reg, d=distilled: positions(tmp, n, r, d)
    yield "Git LFS pointers", lambda: pointers(tmp)
    yield "vit-pytorch of today", lambda: later_vit_pytorch(tmp)
