"""Rebuilds golden cases from their weights and inputs, and compares outputs, losses and gradients.

compare.py [--sources DIR] CASE...    a case is its folder
"""

import argparse
import sys
from pathlib import Path

import sources
from case import Case, deterministic, errors, missing, run

# The cases were made with another PyTorch; LeViT's rounding errors are the largest.
LIMITS = {"output": 2e-5, "loss": 1e-5, "gradient": 2e-4, "zero": 1e-5}


def reference(case):
    import community
    import published

    config = case.config
    source = config.get("source", {})
    networks = community if config["flavour"] in ("seed", "community") else published
    if not case.is_module():
        return networks.MODELS[config["architecture"]](config, config["hyperparameters"])
    path, name = source["path"], source["class"]
    for table in (networks.MODULES, published.MODULES):
        for key in (f"{path}:{name}", name, path):
            if key in table:
                return table[key](config, config["hyperparameters"])
    raise KeyError(f"no reference for {path}: {name}")


def compare(folder):
    case = Case.read(folder)
    results = run(case, reference(case))
    worst = errors(case, results)
    text = "  ".join(f"{kind} {error:.1e}" for kind, (error, _) in sorted(worst.items()))
    problems = [f"{key}: {error:.1e}" for kind, (error, key) in worst.items() if not error <= LIMITS[kind]]
    problems += [f"{key} was not computed" for key in missing(case, results)]
    print(f"{folder.name:36} {'FAILED ' + ', '.join(problems[:3]) if problems else 'ok'}  {text}", flush=True)
    return not problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=Path, default=sources.ROOT, help="folder of sources.sh")
    parser.add_argument("cases", nargs="+", type=Path)
    options = parser.parse_args()
    sources.ROOT = options.sources
    deterministic()
    failed = []
    for folder in options.cases:
        try:
            if compare(folder):
                continue
        except Exception as problem:  # one case that cannot be built must not hide the others
            print(f"{folder.name:36} ERROR {type(problem).__name__}: {problem}".splitlines()[0], flush=True)
        failed.append(folder.name)
    print(f"{len(options.cases) - len(failed)} of {len(options.cases)} cases reproduced")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
