"""Prints how far PyTorch's autocast (bfloat16, CPU) is from float32: the limits of Bf16GoldenTest and Bf16GradientTest.

autocast.py [--sources DIR] [--draws N] [--gradients] CASE...    a case is its folder

Some cases amplify rounding so much that one evaluation says little. The numbers are the error for the stored images, and the median and
the largest error of N evaluations, whose images differ by less than the rounding of bfloat16. The error of outputs is the largest
difference over the largest output, that of gradients the largest relative L2 error of a parameter's gradient.
"""

import argparse
import statistics
from pathlib import Path

import sources
import torch
from case import Case, deterministic, forward, losses
from compare import reference


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=Path, default=sources.ROOT, help="folder of sources.sh")
    parser.add_argument("--draws", type=int, default=16, help="evaluations with slightly different images")
    parser.add_argument("--gradients", action="store_true", help="gradients in training instead of outputs in evaluation")
    parser.add_argument("cases", nargs="+", type=Path)
    options = parser.parse_args()
    sources.ROOT = options.sources
    deterministic()
    for folder in options.cases:
        case = Case.read(folder)
        network = reference(case)
        network.module.load_state_dict(case.weights)
        network.module.train(options.gradients)
        for layer in network.module.modules():
            if isinstance(layer, torch.nn.Dropout):
                layer.p = 0.0
        generator = torch.Generator().manual_seed(0)
        errors = []
        for draw in range(options.draws):
            data = case.data()
            if draw:
                change = 2 * torch.rand(data["input"].shape, generator=generator) - 1
                data["input"] = data["input"] * (1 + change * 2**-9)
            errors.append((gradient_error if options.gradients else error)(case, network, data))
        for name in errors[0]:
            found = [e[name] for e in errors]
            print(f"{folder.name} {name}: {found[0]:.4f}, {statistics.median(found):.4f}, {max(found):.4f}", flush=True)


def error(case, network, data):
    """Largest difference of each output over the largest float32 output."""
    with torch.no_grad():
        exact = forward(case, network, data)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rounded = forward(case, network, data)
    return {
        name: ((rounded[name].double() - value.double()).abs().max() / value.double().abs().max()).item()
        for name, value in exact.items()
    }


def gradient_error(case, network, data):
    """Largest relative L2 error of a parameter's gradient, of those that are not zero by mathematics."""
    exact, rounded = (gradients(case, network, data, autocast) for autocast in (False, True))
    zero = 1e-5 * max(value.norm() for value in exact.values())
    errors = [(rounded[key].double() - value).norm() / value.norm() for key, value in exact.items() if value.norm() > zero]
    return {"gradient": max(errors).item()}


def gradients(case, network, data, autocast):
    network.module.load_state_dict(case.weights)  # running statistics, which the evaluation before has changed
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        loss = losses(case, network, forward(case, network, data), data)["loss"]
    parameters = {name: p for name, p in network.module.named_parameters() if p.requires_grad}
    found = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    return {name: torch.zeros_like(p).double() if g is None else g.double() for (name, p), g in zip(parameters.items(), found)}


if __name__ == "__main__":
    main()
