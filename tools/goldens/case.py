"""A golden case: its files, a run of the reference, and the comparison with the stored arrays."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

COMPUTED = re.compile(r"_(eval|train)$|^(grad\w*|bn_after)/")
MAPS = re.compile(r"^attn\w*/")


def deterministic():
    """oneDNN's backward GELU of PyTorch 1.13 is wrong for strided gradients; see the README of the cases."""
    torch.backends.mkldnn.enabled = False
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)


@dataclass
class Reference:
    """A reference network. Outputs and losses are by the names that the case uses."""

    module: nn.Module
    forward: Optional[Callable] = None  # data -> outputs
    losses: Optional[Callable] = None  # outputs, data -> losses


@dataclass
class Case:
    config: dict
    weights: dict
    arrays: dict

    @staticmethod
    def read(folder: Path) -> "Case":
        config = json.loads((folder / "config.json").read_text())
        return Case(config, load_file(folder / "weights.safetensors"), load_file(folder / "io.safetensors"))

    def write(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(self.config, indent=1))
        save_file({key: value.contiguous() for key, value in self.weights.items()}, folder / "weights.safetensors")
        save_file({key: value.contiguous() for key, value in self.arrays.items()}, folder / "io.safetensors")

    def data(self) -> dict:
        """Inputs, labels, teacher logits and probes."""
        return {key: value for key, value in self.arrays.items() if not COMPUTED.search(key) and not MAPS.search(key)}

    def is_module(self) -> bool:
        return self.config["kind"] == "module"


def forward(case: Case, reference: Reference, data: dict) -> dict:
    if reference.forward:
        return reference.forward(data)
    inputs = [data[name] for name in case.config.get("inputs", {"input": None}) if name != "labels"]
    results = reference.module(*inputs)
    names = list(case.config["outputs_train"])
    return dict(zip(names, results if isinstance(results, (tuple, list)) else [results], strict=True))


def losses(case: Case, reference: Reference, outputs: dict, data: dict) -> dict:
    if reference.losses:
        return reference.losses(outputs, data)
    if not case.is_module():
        return {"loss": F.cross_entropy(outputs["logits"], data["labels"])}
    probes = {name: data[f"probe/{name}"] if f"probe/{name}" in data else data["probe"] for name in outputs}
    return {"loss": sum((outputs[name] * probe).sum() for name, probe in probes.items())}


def run(case: Case, reference: Reference) -> dict:
    """All computed arrays of a case by their names: outputs, losses, gradients, and BatchNorm buffers after one step."""
    module = reference.module
    module.load_state_dict(case.weights)
    for layer in module.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    data = case.data()
    results = {}
    module.eval()
    with torch.no_grad():
        for name, value in forward(case, reference, data).items():
            results[f"{name}_eval"] = value
    module.train()
    inputs = {}
    if case.is_module():
        inputs = {name: data[name].clone().requires_grad_() for name in case.config["inputs"]}
    outputs = forward(case, reference, {**data, **inputs})
    results.update({f"{name}_train": value.detach() for name, value in outputs.items()})
    parameters = {name: p for name, p in module.named_parameters() if p.requires_grad}
    for name, loss in losses(case, reference, outputs, {**data, **inputs}).items():
        results["loss_train" if name == "loss" else f"loss_{name}_train"] = loss.detach()
        prefix = "grad" if name == "loss" else f"grad_{name}"
        named = {f"{prefix}/{key}": p for key, p in parameters.items()}
        named.update({f"grad_input/{key}": value for key, value in inputs.items()})
        gradients = torch.autograd.grad(loss, list(named.values()), retain_graph=True, allow_unused=True)
        for (key, value), gradient in zip(named.items(), gradients):
            results[key] = torch.zeros_like(value) if gradient is None else gradient
    for path, layer in module.named_modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            for key, value in layer.named_buffers(prefix=path):
                results[f"bn_after/{key}"] = value.clone()
    return results


def errors(case: Case, results: dict) -> dict:
    """Kind of array -> largest relative error, as in the README of the cases, and name of the array."""
    gradients = [value.norm() for key, value in case.arrays.items() if key.startswith("grad")]
    floor = 1e-5 * max(gradients, default=torch.tensor(0.0))
    worst = {}
    for key, value in results.items():
        if key not in case.arrays:
            continue
        stored = case.arrays[key].double()
        difference = value.double() - stored
        if key.startswith("grad") and stored.norm() <= floor:  # zero by mathematics: rounding only
            kind, error = "zero", difference.norm() / max(gradients)
        elif key.startswith("grad"):
            kind, error = "gradient", difference.norm() / stored.norm()
        elif key.startswith(("loss", "bn_after")):
            kind, error = "loss", difference.abs().max() / max(stored.abs().max(), torch.tensor(1e-30))
        else:
            kind, error = "output", difference.abs().max() / stored.abs().max()
        if kind not in worst or error > worst[kind][0]:
            worst[kind] = (float(error), key)
    return worst


def missing(case: Case, results: dict) -> list:
    """Stored arrays that the run did not compute. Attention maps are not recomputed."""
    return sorted(key for key in case.arrays if COMPUTED.search(key) and not MAPS.search(key) and key not in results)
