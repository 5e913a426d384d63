"""Makes the files next to it from ../timm_vit.safetensors: wrapped, next to other objects, without a head, as .npz.

    python make.py     (torch, timm, transformers, safetensors; omegaconf and yacs if they are installed)
"""

import argparse
import collections
import datetime
import decimal
import enum
import pathlib
import subprocess

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import ViTConfig, ViTModel

HERE = pathlib.Path(__file__).resolve().parent
STATE = load_file(HERE.parent / "timm_vit.safetensors")
OTHER = {key: value + 1 for key, value in STATE.items()}
DEEPER = {**OTHER, **{key.replace("blocks.0", "blocks.1"): value for key, value in OTHER.items() if "blocks.0" in key}}


class Level(enum.Enum):
    LOW = 1


class Unknown:
    def __init__(self):
        self.values = {"a": [1, torch.zeros(3)]}


class Runs:
    def __reduce__(self):
        return subprocess.check_output, (["touch", "target/was-executed"],)


def prefixed(state, prefix):
    return {prefix + key: value for key, value in state.items()}


def save(name, content, **options):
    torch.save(content, HERE / f"{name}.pth", **options)


def wrappers():
    metric = {"criterion.weight": torch.ones(5), "val_acc.correct": torch.zeros(()), "n_averaged": torch.tensor(3)}
    moments = {"state": {i: {"step": torch.tensor(1.0), "exp_avg": value} for i, value in enumerate(STATE.values())}}
    save("name", {"epoch": 3, "optimizer": moments, "any name": {"net": STATE}})
    save("list", {"models": [DEEPER, STATE]})
    save("other_depth", {"student": DEEPER, "teacher": STATE})
    save("same_twice", {"model": STATE, "state_dict": STATE})
    save("averaged", {"state_dict": OTHER, "state_dict_ema": STATE})
    save("prefixes", {"state_dict": {**prefixed(STATE, "_orig_mod.module.model.backbone."), **metric}})
    save("infix", {"module." + key.replace("blocks.0.", "blocks.0._orig_mod."): value for key, value in STATE.items()})
    places = {key: ("m." if key.startswith("head.") else "m.backbone.") + key for key in STATE}
    save("head_outside", {places[key]: value for key, value in STATE.items()})
    save("two", {"student": OTHER, "teacher": STATE})
    save("two_flat", {**prefixed(OTHER, "student.backbone."), **prefixed(STATE, "teacher.backbone.")})


def objects():
    everything = {
        "path": pathlib.PurePosixPath("/data"),
        "numpy": {"scalar": np.float64(3), "array": np.arange(6.0).reshape(2, 3)},
        "args": argparse.Namespace(lr=0.1, device=torch.device("cpu")),
        "dates": [datetime.datetime(2024, 5, 6), datetime.date(2024, 5, 6), datetime.timedelta(3)],
        "enum": Level.LOW,
        "collections": [collections.Counter("aab"), collections.deque([1]), collections.defaultdict(list)],
        "python": [decimal.Decimal("1.5"), 2**80, 1 + 2j, {1, 2}, frozenset((3,)), b"abc", slice(1), range(3)],
        "torch": [torch.Size([1, 2]), torch.float16, torch.device("cpu"), torch.eye(2).to_sparse()],
        "storages": [torch.zeros(2, dtype=torch.complex64), torch.zeros(2, dtype=torch.uint16)],
        "class": Unknown(),
    }
    try:
        from omegaconf import OmegaConf
        from yacs.config import CfgNode

        everything["omegaconf"] = OmegaConf.create({"lr": 0.1, "path": ["a", {"b": 2}]})
        everything["yacs"] = CfgNode({"LR": 0.1, "DATA": CfgNode({"PATH": "x"})})
    except ImportError:
        pass
    save("objects_protocol2", {"config": everything, "model": STATE})
    save("objects_protocol5", {"config": everything, "model": STATE}, pickle_protocol=5)
    save("object_parameter", {**STATE, "blocks.0.norm1.weight": Unknown()})
    save("object_runs", {"model": STATE, "extra": Runs()})
    save("object_alone", Unknown())


def headless():
    backbone = {key: value for key, value in STATE.items() if not key.startswith("head.")}
    save("headless", backbone)
    decoder = {"mask_token": torch.zeros(1, 1, 8), "decoder_embed.weight": torch.zeros(4, 8)}
    save("headless_mae", {"model": {**backbone, **decoder}})
    save("headless_projector", {**backbone, "head.mlp.0.weight": torch.zeros(4, 8)})
    model = ViTModel(ViTConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, image_size=16, patch_size=4))
    names = hugging_face(backbone, model.state_dict())
    model.load_state_dict({**model.state_dict(), **names})
    save("headless_hf_memory", model.state_dict())
    save("headless_hf_prefix", prefixed(model.state_dict(), "vit."))
    model.save_pretrained(HERE / "hf")
    (HERE / "hf" / "model.safetensors").rename(HERE / "headless_hf_saved.safetensors")
    (HERE / "hf" / "config.json").unlink()
    (HERE / "hf").rmdir()


def hugging_face(state, like):
    names = {"cls_token": "embeddings.cls_token", "pos_embed": "embeddings.position_embeddings",
             "patch_embed.proj": "embeddings.patch_embeddings.projection", "norm": "layernorm",
             "blocks.0.norm1": "layers.0.layernorm_before", "blocks.0.norm2": "layers.0.layernorm_after",
             "blocks.0.attn.proj": "layers.0.attention.o_proj",
             "blocks.0.mlp.fc1": "layers.0.mlp.fc1", "blocks.0.mlp.fc2": "layers.0.mlp.fc2"}
    out = {}
    for key, value in state.items():
        module, _, leaf = key.rpartition(".")
        if module == "blocks.0.attn.qkv":
            for part, rows in zip("qkv", value.chunk(3)):
                out[f"layers.0.attention.{part}_proj.{leaf}"] = rows
        else:
            out[f"{names[module]}.{leaf}" if module else names[key]] = value
    assert out.keys() == {key for key in like if not key.startswith("pooler")}
    return out


def npz(name, big_vision, prefix, write):
    state = {key: value.numpy() for key, value in STATE.items()}
    mha, mlp, norm2 = (0, 0, 1) if big_vision else (1, 3, 2)
    block = "Transformer/encoderblock_0/"
    attention = f"{block}MultiHeadDotProductAttention_{mha}/"
    out = {"cls": state["cls_token"], "head/kernel": state["head.weight"].T, "head/bias": state["head.bias"],
           "embedding/kernel": state["patch_embed.proj.weight"].transpose(2, 3, 1, 0),
           "embedding/bias": state["patch_embed.proj.bias"],
           "pos_embedding" if big_vision else "Transformer/posembed_input/pos_embedding": state["pos_embed"]}
    for ours, theirs in (("norm", "Transformer/encoder_norm"), ("blocks.0.norm1", block + "LayerNorm_0"),
                         ("blocks.0.norm2", f"{block}LayerNorm_{norm2}")):
        out[theirs + "/scale"], out[theirs + "/bias"] = state[ours + ".weight"], state[ours + ".bias"]
    for j, part in enumerate(("query", "key", "value")):
        out[f"{attention}{part}/kernel"] = state["blocks.0.attn.qkv.weight"][8 * j : 8 * j + 8].T.reshape(8, 2, 4)
        out[f"{attention}{part}/bias"] = state["blocks.0.attn.qkv.bias"][8 * j : 8 * j + 8].reshape(2, 4)
    out[attention + "out/kernel"] = state["blocks.0.attn.proj.weight"].T.reshape(2, 4, 8)
    out[attention + "out/bias"] = state["blocks.0.attn.proj.bias"]
    for j in (0, 1):
        out[f"{block}MlpBlock_{mlp}/Dense_{j}/kernel"] = state[f"blocks.0.mlp.fc{j + 1}.weight"].T
        out[f"{block}MlpBlock_{mlp}/Dense_{j}/bias"] = state[f"blocks.0.mlp.fc{j + 1}.bias"]
    write(HERE / f"{name}.npz", **{prefix + key: value for key, value in out.items()})


def resampled():
    """timm's position table after it loaded google.npz into images of 24 x 24."""
    from timm.layers import resample_abs_pos_embed

    table = resample_abs_pos_embed(STATE["pos_embed"], (6, 6), interpolation="bilinear", antialias=False)
    smaller = resample_abs_pos_embed(STATE["pos_embed"], (3, 3), interpolation="bilinear", antialias=False)
    save_file({"6": table[0].contiguous(), "3": smaller[0].contiguous()}, HERE / "google_positions.safetensors")


if __name__ == "__main__":
    wrappers()
    objects()
    headless()
    npz("google", False, "", np.savez)
    npz("google_compressed", False, "opt/target/", np.savez_compressed)
    npz("big_vision", True, "params/", np.savez)
    resampled()
