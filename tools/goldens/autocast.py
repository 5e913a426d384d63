"""Prints how far PyTorch's autocast (bfloat16, CPU) is from float32 logits: the limits of Bf16GoldenTest.

autocast.py [--sources DIR] [--draws N] CASE...    a case is its folder

Some cases amplify rounding so much that one evaluation says little. The first number is the error for the stored images, the second
the largest error of N evaluations, whose images differ by less than the rounding of bfloat16.
"""

import argparse
from pathlib import Path

import sources
import torch
from case import Case, deterministic, forward
from compare import reference


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=Path, default=sources.ROOT, help="folder of sources.sh")
    parser.add_argument("--draws", type=int, default=16, help="evaluations with slightly different images")
    parser.add_argument("cases", nargs="+", type=Path)
    options = parser.parse_args()
    sources.ROOT = options.sources
    deterministic()
    for folder in options.cases:
        case = Case.read(folder)
        network = reference(case)
        network.module.load_state_dict(case.weights)
        network.module.eval()
        generator = torch.Generator().manual_seed(0)
        errors = []
        for draw in range(options.draws):
            data = case.data()
            if draw:
                change = 2 * torch.rand(data["input"].shape, generator=generator) - 1
                data["input"] = data["input"] * (1 + change * 2**-9)
            errors.append(error(case, network, data))
        for name in errors[0]:
            print(f"{folder.name} {name}: {errors[0][name]:.3f}, {max(e[name] for e in errors):.3f}")


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


if __name__ == "__main__":
    main()
