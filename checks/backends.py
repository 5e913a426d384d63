"""Trains the digits configs on several backends and compares the losses, or compares precisions over several seeds.

    checks/backends.py                                one epoch of all networks on samediff, onednn and torch
    checks/backends.py --precisions --epochs 8        float32 and bfloat16 on the torch backend, three seeds

Losses must agree to 1e-4, except where rounding decides them; see INVARIANT and CHAOTIC for what is compared there instead.
Prints Markdown and writes it to --out with the losses as JSON. Ends with 1 if a loss differs by more than its limit, or if
the mean validation loss in bfloat16 is farther from that in float32 than the seeds are from each other.
Standard library only; VIT4J names another command than ./vit4j.
"""

import argparse
import itertools
import json
import os
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

# SGD with a rate of 0.1: training itself amplifies rounding, so only the first steps are compared: two of 718 images.
CHAOTIC = {"resnet": ["train.batch=718", "train.optimizer.lr=0.001"]}

# Without a distillation token, the network of digits-deit would be that of digits-vit.
OVERRIDES = {"deit": ["model.distilled=true"]}


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
        self.output(command)
        losses = {}
        for values in itertools.product(*axes.values()):
            name = ",".join(f"{key.split('.')[-1]}={value}" for key, value in zip(axes, values))
            with open(os.path.join(sweep, name, "metrics.jsonl")) as lines:
                last = [json.loads(line) for line in lines][-1]
            losses[values] = {"train": last["train_loss"], "validation": last["val_loss"]}
            self.log.append({"network": network, "set": words, "run": name, **losses[values]})
        self.log[-1]["seconds"] = round(time.time() - start, 1)
        return losses

    def evaluate(self, network, trained, backend):
        """The validation loss, by a backend, of the last weights of a training."""
        run = os.path.join(self.options.out, "digits-" + network, f"backend={trained}")
        command = [*self.command, "eval", os.path.join(run, "last.keras"), "--data", os.path.join(run, "config.yaml")]
        command += ["--backend", backend, "--device", self.options.device, "--json"]
        loss = json.loads(self.output(command))["loss"]
        self.log.append({"network": network, "evaluated": trained, "backend": backend, "validation": loss})
        return loss

    def output(self, command):
        environment = {"VIT4J_PROFILES": "torch", **os.environ}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr[-2000:]}")
        return done.stdout

    def save(self, name, table):
        with open(os.path.join(self.options.out, name + ".md"), "w") as file:
            file.write("\n".join(table) + "\n")
        with open(os.path.join(self.options.out, name + ".json"), "w") as file:
            json.dump(self.log, file, indent=1)


def show(table, row):
    table.append("| " + " | ".join(row) + " |")
    print(table[-1], flush=True)


def compare_backends(options, trainings):
    first, *others = options.backends.split(",")
    table, failures = [], []
    head = ["network"]
    for kind in ["training", "validation"]:
        head += [f"{kind} loss, {first}", *others, "limit"]
    show(table, head)
    table.append("|---" * len(head) + "|")

    def cells(label, kind, losses, limit):
        """Compares a loss of the backends; without a limit the differences are only shown."""
        differences = {other: losses[other] - losses[first] for other in others}
        for other, difference in differences.items():
            if limit and not abs(difference) <= limit:
                failures.append(f"{label}: the {kind} loss of {other} differs by {difference:.1e}, limit {limit:.1e}")
        numbers = [f"{difference:+.0e}" for difference in differences.values()]
        return [f"{losses[first]:.4f}", *numbers, f"{limit:.0e}" if limit else "-"]

    def row(network, label, words, limits):
        found = trainings.train(network, words, {"backend": [first, *others]})
        label = f"`digits-{network}`{label}"
        line = [label]
        for kind, limit in limits.items():
            line += cells(label, kind, {backend: found[(backend,)][kind] for backend in [first, *others]}, limit)
        show(table, line)
        trainings.save("backends", table)

    def evaluated(network):
        """The weights that the first backend has trained last, evaluated by all backends."""
        losses = {backend: trainings.evaluate(network, first, backend) for backend in [first, *others]}
        label = f"`digits-{network}`, same weights"
        show(table, [label, *["-"] * (len(others) + 2), *cells(label, "validation", losses, LIMIT)])
        trainings.save("backends", table)

    both = {"train": LIMIT, "validation": LIMIT}
    for network in options.networks.split(","):
        if network in CHAOTIC:
            row(network, "", [], {"train": None, "validation": None})
            evaluated(network)
            row(network, ", first steps", CHAOTIC[network], both)
        elif network in INVARIANT:
            row(network, "", [], {"train": LIMIT, "validation": None})
            evaluated(network)
            row(network, ", frozen", [f"train.freeze={json.dumps(INVARIANT[network])}"], both)
        else:
            row(network, ", distilled" if network in OVERRIDES else "", OVERRIDES.get(network, []), both)
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
