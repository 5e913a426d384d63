"""Prints how far PyTorch's autocast (bfloat16, CPU) is from the stored float32 logits: the limits of Bf16GoldenTest.

autocast.py [--sources DIR] CASE...    a case is its folder
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
    parser.add_argument("cases", nargs="+", type=Path)
    options = parser.parse_args()
    sources.ROOT = options.sources
    deterministic()
    for folder in options.cases:
        case = Case.read(folder)
        network = reference(case)
        network.module.load_state_dict(case.weights)
        network.module.eval()
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            outputs = forward(case, network, case.data())
        for name, value in outputs.items():
            stored = case.arrays[f"{name}_eval"].double()
            error = (value.double() - stored).abs().max() / stored.abs().max()
            print(f"{folder.name} {name}: {error:.3f}")


if __name__ == "__main__":
    main()
