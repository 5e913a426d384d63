"""Makes a golden case: the network of another case with other hyperparameters or another seed.

make.py [--sources DIR] [--seed N] [--set KEY=JSON]... CASE NEW_CASE    cases are folders
"""

import argparse
import copy
import json
from pathlib import Path

import torch

import sources
from case import Case, deterministic, run
from compare import reference

NORMS = (torch.nn.LayerNorm, torch.nn.GroupNorm, torch.nn.modules.batchnorm._BatchNorm)


def random_weights(module, generator):
    """Random trainable values and BatchNorm statistics: nothing stays at a trivial initial value. Fixed tables stay."""
    weights = {key: value.clone() for key, value in module.state_dict().items()}
    norms = {f"{path}.weight" for path, layer in module.named_modules() if isinstance(layer, NORMS)}
    for key, parameter in module.named_parameters():
        if not parameter.requires_grad:
            continue
        values = torch.randn(parameter.shape, generator=generator)
        fan_in = parameter[0].numel() if parameter.dim() > 1 else 25
        weights[key] = 1 + 0.2 * values if key in norms else values / fan_in**0.5
    for key, value in weights.items():
        if key.endswith("running_mean"):
            weights[key] = 0.2 * torch.randn(value.shape, generator=generator)
        elif key.endswith("running_var"):
            weights[key] = 0.5 + torch.rand(value.shape, generator=generator)
    return weights


def random_data(case, generator):
    data = {}
    classes = case.config["hyperparameters"].get("num_classes", 1000)
    side = next((case.config["hyperparameters"][k] for k in ("img_size", "image_size")
                 if k in case.config["hyperparameters"]), None)
    for name, old in case.data().items():
        shape = list(old.shape)
        if name == "input" and not case.is_module() and side:
            shape[2:] = [side, side] if isinstance(side, int) else side
        if name == "teacher_logits":
            shape[-1] = classes
        labels = name == "labels"
        data[name] = torch.randint(classes, shape, generator=generator) if labels else torch.randn(
            shape, generator=generator)
    return data


def double(tensors):
    return {key: value.double() if value.is_floating_point() else value for key, value in tensors.items()}


def zero_gradients(case):
    """Parameters without gradient, and those whose gradient is zero up to the rounding of doubles."""
    exact = Case(case.config, double(case.weights), double(case.arrays))
    network = reference(exact)
    network.module.double()
    to_float, torch.Tensor.float = torch.Tensor.float, torch.Tensor.double  # the performer converts to float
    try:
        results = run(exact, network)
    finally:
        torch.Tensor.float = to_float
    gradients = {key[5:]: value.norm() for key, value in results.items() if key.startswith("grad/")}
    largest = max(gradients.values())
    none = [key for key, norm in gradients.items() if norm == 0]
    return none, [key for key, norm in gradients.items() if 0 < norm < 1e-10 * largest]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=Path, default=sources.ROOT, help="folder of sources.sh")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=JSON", help="a hyperparameter")
    parser.add_argument("case", type=Path)
    parser.add_argument("new", type=Path)
    options = parser.parse_args()
    sources.ROOT = options.sources
    deterministic()
    old = Case.read(options.case)
    config = copy.deepcopy(old.config)
    config.update(name=options.new.name, random_seed=options.seed)
    config["hyperparameters"].update({k: json.loads(v) for k, v in (one.split("=", 1) for one in options.set)})
    config.pop("fp32_against_fp64", None)
    generator = torch.Generator().manual_seed(options.seed)
    case = Case(config, {}, old.arrays)
    torch.manual_seed(options.seed)  # of fixed tables, such as the performer's
    network = reference(case)
    case.weights = random_weights(network.module, generator)
    case.arrays = random_data(case, generator)
    config["inputs"] = {name: list(value.shape) for name, value in case.data().items() if not name.startswith("probe")}
    results = run(case, network)
    case.arrays = {**case.arrays, **results}
    for key, suffix in (("outputs", "_eval"), ("outputs_train", "_train")):
        config[key] = {name[: -len(suffix)]: list(value.shape) for name, value in results.items()
                       if name.endswith(suffix) and not name.startswith("loss")}
    trainable = [p for p in network.module.parameters() if p.requires_grad]
    config["parameter_count_trainable"] = sum(p.numel() for p in trainable)
    config["parameter_tensors_trainable"] = len(trainable)
    none, zero = zero_gradients(case)
    config["parameters_without_gradient"] = none
    config["parameters_with_mathematically_zero_gradient"] = zero
    case.write(options.new)


if __name__ == "__main__":
    main()
