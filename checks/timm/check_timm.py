"""Imports weights of timm into vit4j and exports them again.

    python check_timm.py DIRECTORY [--vit4j ./vit4j] [NAME ...]

For each network, timm's `create_model(NAME)` gets random weights and is saved. `vit4j import` makes a model of the file, and
`vit4j export --format safetensors` a file again. That file must have the same keys, types, shapes and bytes, timm must load it
with `load_state_dict(strict=True)`, and its logits must equal those of `vit4j predict`. Exits with 1 if one differs. Nothing is
downloaded: no published weights are needed.
"""

import argparse
import json
import pathlib
import subprocess
import sys

import numpy as np
import timm
import torch
from safetensors.torch import load_file, save_file

NETWORKS = [
    "vit_tiny_patch16_224",
    "deit_tiny_patch16_224",
    "deit_tiny_distilled_patch16_224",
    "deit3_small_patch16_224",
    "cait_xxs24_224",
    "pit_ti_224",
    "pit_ti_distilled_224",
    "levit_128s",
    "crossvit_tiny_240",
]
# Largest difference divided by the largest logit.
TOLERANCE = 1e-5


def random_model(name):
    """Returns a network with random weights, including norms, scales and running statistics."""
    torch.manual_seed(7)
    model = timm.create_model(name, pretrained=False).eval()
    with torch.no_grad():
        for key, value in model.state_dict().items():
            if not value.dtype.is_floating_point:
                continue
            if key.endswith("running_var"):
                value.uniform_(0.5, 2)
            elif value.dim() <= 1 and key.endswith(("weight", "gamma")):
                value.uniform_(0.5, 1.5)
            else:
                value.add_(torch.randn_like(value) * 0.02)
    return model


def vit4j(command, *arguments):
    done = subprocess.run([command, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"vit4j {arguments[0]}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def difference(before, after):
    """Returns the first difference between two state dicts, or None."""
    if before.keys() != after.keys():
        return f"keys differ: {sorted(before.keys() ^ after.keys())[:6]}"
    for key, value in before.items():
        other = after[key]
        if (value.dtype, value.shape) != (other.dtype, other.shape):
            return f"{key}: {other.dtype} {tuple(other.shape)} instead of {value.dtype} {tuple(value.shape)}"
        if value.numpy().tobytes() != other.numpy().tobytes():
            return f"{key}: different bytes"
    return None


def check(name, folder, command):
    before, after = folder / f"{name}.safetensors", folder / f"{name}.back.safetensors"
    saved, images = folder / f"{name}.keras", folder / f"{name}.npy"
    model = random_model(name)
    save_file({key: value.contiguous() for key, value in model.state_dict().items()}, before, {"format": "pt"})
    size = timm.data.resolve_model_data_config(model)["input_size"]
    batch = torch.randn(2, *size, generator=torch.Generator().manual_seed(1))
    np.save(images, batch.numpy())

    vit4j(command, "import", name, before, "-o", saved)
    vit4j(command, "export", saved, "--format", "safetensors", "-o", after)
    problem = difference(load_file(before), load_file(after))
    if problem:
        return "-", problem
    fresh = timm.create_model(name, pretrained=False).eval()
    fresh.load_state_dict(load_file(after), strict=True)
    with torch.no_grad():
        expected = fresh(batch).numpy()
    answers = json.loads(vit4j(command, "predict", saved, images, "--logits", "--json"))
    actual = np.array([answer["logits"] for answer in answers])
    error = float(np.abs(actual - expected).max() / np.abs(expected).max())
    return f"{error:.1e}", None if error < TOLERANCE else "logits differ"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("names", nargs="*", default=NETWORKS)
    parser.add_argument("--vit4j", default="./vit4j")
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    print(f"timm {timm.__version__}, torch {torch.__version__}")
    failed = 0
    for name in options.names:
        error, problem = check(name, options.directory, options.vit4j)
        failed += problem is not None
        print(f"{name:<40} {error:>8}  {problem or 'ok'}", flush=True)
    print(f"{len(options.names)} networks, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
