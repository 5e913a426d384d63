"""Trains the digits configs on several backends and compares the losses, or compares precisions over several seeds.

    checks/backends.py                                one epoch of all networks on samediff, onednn and torch
    checks/backends.py --precisions --epochs 8        float32 and bfloat16 on the torch backend, three seeds

Losses must agree to 1e-4. Those that amplify rounding must differ by no more than three times the largest change that
relative changes of the learning rate of about 1e-6 make on the first backend; see INVARIANT and CHAOTIC.
Prints Markdown and writes it to --out with the losses as JSON. Ends with 1 if a loss differs by more than its limit, or if
the mean validation loss in bfloat16 is farther from that in float32 than the seeds are from each other.
Standard library only; VIT4J names another command than ./vit4j.
"""

import argparse
import itertools
import json
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
NETWORKS = ["vit", "deit", "deepvit", "cait", "ceit", "pit", "cvt", "crossvit", "t2t_vit", "levit"]
NETWORKS += ["vitae", "resnet"]
LIMIT = 1e-4

# Parameters whose gradient in training is 0 in exact arithmetic, because batch norms subtract what they add. Rounding
# remains, and Adam scales it to full steps. Training losses do not depend on them; validation losses do, because running
# means follow late.
INVARIANT = {
    # Biases of the maps before their batch norm; those of the values: rows of the normalized maps sum to about 0.
    "deepvit": ["blocks.*.attn.reatten_matrix.bias", "blocks.*.attn.qkv.bias"],
    # Biases of convolutions before a batch norm.
    "vitae": ["*.PCM.0.bias", "*.PCM.2.bias", "*.PCM.3.bias"],
    # Shifts of what is added to the tokens, which only dense layers with a batch norm read.
    "levit": ["stem.conv3.bn.beta", "*.proj.ln.bn.beta", "*.mlp.ln2.bn.beta"],
}

# Training itself amplifies rounding within an epoch: SGD with a rate of 0.1.
CHAOTIC = ["resnet"]

# Factors of the learning rate: trainings that differ by rounding.
FACTORS = [1 - 2e-6, 1 - 1e-6, 1 + 1e-6, 1 + 2e-6]
SPREADS = 3


def parsed():
    options = argparse.ArgumentParser()
    options.add_argument("--networks", default=",".join(NETWORKS))
    options.add_argument("--backends", default="samediff,onednn,torch", help="the first is compared with the others")
    options.add_argument("--epochs", type=int, default=1)
    options.add_argument("--precisions", action="store_true", help="compare fp32 and bf16 on the last backend")
    options.add_argument("--seeds", default="1,2,3", help="of --precisions")
    options.add_argument("--device", default="cpu")
    options.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options.add_argument("--out", default=os.path.join(ROOT, "target/backends"))
    return options.parse_args()


class Trainings:
    def __init__(self, options):
        self.options = options
        self.command = shlex.split(os.environ.get("VIT4J", os.path.join(ROOT, "vit4j")))
        self.log = []

    def train(self, network, words, axes):
        """Trains all combinations of the values of axes in one process; returns the losses of the last epoch by the values."""
        sweep = os.path.join(self.options.out, "digits-" + network)
        shutil.rmtree(sweep, ignore_errors=True)
        words = [f"train.epochs={self.options.epochs}", f"train.device={self.options.device}", *words, *self.options.set]
        command = [*self.command, "train", f"digits-{network}", "--run", sweep]
        for word in words:
            command += ["--set", word]
        for key, values in axes.items():
            command += ["--sweep", f"train.{key}={','.join(values)}"]
        start = time.time()
        environment = {"VIT4J_PROFILES": "torch", **os.environ}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            sys.exit(f"digits-{network} {' '.join(words)}: exit code {done.returncode}\n{done.stderr[-2000:]}")
        losses = {}
        for values in itertools.product(*axes.values()):
            name = ",".join(f"{key.split('.')[-1]}={value}" for key, value in zip(axes, values))
            with open(os.path.join(sweep, name, "metrics.jsonl")) as lines:
                last = [json.loads(line) for line in lines][-1]
            losses[values] = {"train": last["train_loss"], "validation": last["val_loss"]}
            self.log.append({"network": network, "set": words, "run": name, **losses[values]})
        self.log[-1]["seconds"] = round(time.time() - start, 1)
        return losses

    def save(self, name, table):
        with open(os.path.join(self.options.out, name + ".md"), "w") as file:
            file.write("\n".join(table) + "\n")
        with open(os.path.join(self.options.out, name + ".json"), "w") as file:
            json.dump(self.log, file, indent=1)


def show(table, row):
    table.append("| " + " | ".join(row) + " |")
    print(table[-1], flush=True)


def rounding(network, trainings, backend, base):
    """The largest changes of the losses by changes of the learning rate that are of the size of rounding."""
    with open(os.path.join(ROOT, f"configs/digits-{network}.yaml")) as config:
        rate = float(re.search(r"optimizer: .*\blr: ([^,}]+)", config.read()).group(1))
    axes = {"optimizer.lr": [repr(rate * factor) for factor in FACTORS]}
    found = trainings.train(network, [f"train.backend={backend}"], axes)
    return {kind: max(abs(losses[kind] - base[kind]) for losses in found.values()) for kind in base}


def compare_backends(options, trainings):
    first, *others = options.backends.split(",")
    table, failures = [], []
    head = ["network"]
    for kind in ["training", "validation"]:
        head += [f"{kind} loss, {first}", *others, "limit"]
    show(table, head)
    table.append("|---" * len(head) + "|")

    def row(network, label, words, amplified):
        found = trainings.train(network, words, {"backend": [first, *others]})
        losses = {backend: found[(backend,)] for backend in [first, *others]}
        changes = rounding(network, trainings, first, losses[first]) if amplified else {}
        cells = [f"`digits-{network}`{label}"]
        for kind in ["train", "validation"]:
            limit = max(LIMIT, SPREADS * changes[kind]) if kind in amplified else LIMIT
            differences = [losses[other][kind] - losses[first][kind] for other in others]
            cells += [f"{losses[first][kind]:.4f}", *[f"{difference:+.0e}" for difference in differences]]
            cells.append(f"{limit:.0e}")
            for other, difference in zip(others, differences):
                if not abs(difference) <= limit:
                    problem = f"the {kind} loss of {other} differs by {difference:.1e}, limit {limit:.1e}"
                    failures.append(f"{cells[0]}: {problem}")
        show(table, cells)
        trainings.save("backends", table)

    for network in options.networks.split(","):
        amplified = {"train", "validation"} if network in CHAOTIC else {"validation"} if network in INVARIANT else set()
        row(network, "", [], amplified)
        if network in INVARIANT:
            row(network, ", frozen", [f"train.freeze={json.dumps(INVARIANT[network])}"], set())
    return failures


def compare_precisions(options, trainings):
    backend = options.backends.split(",")[-1]
    seeds = options.seeds.split(",")
    table, failures = [], []
    head = ["network", "loss", *[f"{precision}, seed {seed}" for precision in ["fp32", "bf16"] for seed in seeds]]
    show(table, [*head, "difference of means", "standard deviation of fp32"])
    table.append("|---" * (len(head) + 2) + "|")
    for network in options.networks.split(","):
        axes = {"precision": ["fp32", "bf16"], "seed": seeds}
        found = trainings.train(network, [f"train.backend={backend}"], axes)
        losses = {precision: [found[precision, seed] for seed in seeds] for precision in axes["precision"]}
        for kind in ["train", "validation"]:
            full, half = ([one[kind] for one in losses[precision]] for precision in ["fp32", "bf16"])
            difference, noise = statistics.mean(half) - statistics.mean(full), statistics.stdev(full)
            numbers = [f"{value:.4f}" for value in [*full, *half]]
            show(table, [f"`digits-{network}`", kind, *numbers, f"{difference:+.4f}", f"{noise:.4f}"])
            if not difference <= noise:
                failures.append(f"digits-{network}: the mean {kind} loss in bf16 is {difference:.4f} higher")
        trainings.save("precisions", table)
    return failures


def main():
    options = parsed()
    os.makedirs(options.out, exist_ok=True)
    trainings = Trainings(options)
    failures = (compare_precisions if options.precisions else compare_backends)(options, trainings)
    for failure in failures:
        print("FAILED: " + failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
