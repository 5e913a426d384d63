"""Time of each oneDNN kernel in training and inference of a network, with GFLOP/s, as Markdown.

    python3 bench/kernel_profile.py deit_tiny_patch16_224    training and inference at batch 8, inference of one image
    python3 bench/kernel_profile.py levit_128s --batch 32 --threads 4 --shapes
    python3 bench/kernel_profile.py vitae_tiny --save before.json             keeps the figures
    python3 bench/kernel_profile.py vitae_tiny --against before.json          adds a column with the earlier times

For each kernel call of a pass the shortest time over the repetitions counts, so that other load disturbs less. Needs
Python 3.9 or newer and what ./vit4j needs. ONEDNN_MAX_CPU_ISA=AVX2 selects the kernels of processors without AVX-512.
"""

import argparse
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WARM_UP = 3
POLL = 0.02  # seconds


def size(shape):
    return [int(n) for n in shape.split("x")]


def flops(kind, problem):
    """Floating-point operations of a matrix product or convolution; 0 for other kernels."""
    if kind == "matmul":
        a, b = (size(shape) for shape in problem.split(":")[:2])
        return 2 * math.prod(max(pair) for pair in zip(a[:-2], b[:-2])) * a[-2] * a[-1] * b[-1]
    found = re.match(r"(?:g(\d+))?mb(\d+)_ic(\d+)oc(\d+)_ih\d+oh(\d+)kh(\d+)\D.*_iw\d+ow(\d+)kw(\d+)", problem)
    if kind != "convolution" or not found:
        return 0
    groups, *rest = (int(n or 1) for n in found.groups())
    return 2 * math.prod(rest) // groups


class Call:
    """One execution of a kernel, as oneDNN's verbose mode prints it."""

    def __init__(self, line):
        fields = line.rstrip().split(",")
        self.kind, self.kernel, direction = fields[5:8]
        self.direction = {"backward_data": "backward data", "backward_weights": "backward weights"}.get(
            direction, "backward" if direction.startswith("backward") else ""
        )
        self.problem = fields[-2]
        self.milliseconds = float(fields[-1])

    def key(self, shapes):
        return (f"{self.kind} {self.direction}".strip(), self.kernel, self.problem if shapes else "")


class Worker:
    def __init__(self, config, settings, threads):
        environment = {**os.environ, "ONEDNN_VERBOSE": "profile_exec", "OMP_NUM_THREADS": str(threads)}
        command = [str(ROOT / "vit4j"), "bench-worker", config, "--runner", "onednn"]
        command += [word for setting in settings for word in ("--set", setting)]
        # A file, because a process that reads a pipe while kernels run takes processor time from them.
        self.output = tempfile.NamedTemporaryFile("w")
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=self.output, text=True)
        self.lines = open(self.output.name)
        self.answer()

    def answer(self):
        calls, rest = [], ""
        while True:
            text = self.lines.read()
            if not text:
                if self.process.poll() is not None:
                    sys.exit("kernel_profile.py: the worker ended early")
                time.sleep(POLL)
            *complete, rest = (rest + text).split("\n")
            for line in complete:
                if line.startswith("{"):
                    return calls, json.loads(line).get("seconds", [])
                if line.startswith("onednn_verbose,v1,primitive,exec"):
                    calls.append(Call(line))

    def measure(self, command, repetitions):
        """Kernel calls of one pass with the shortest time of each, and the shortest time of a pass in milliseconds."""
        self.ask(command, WARM_UP)
        calls, seconds = self.ask(command, repetitions)
        count = len(calls) // repetitions
        for i in range(count):
            calls[i].milliseconds = min(calls[i + count * pass_].milliseconds for pass_ in range(repetitions))
        return calls[:count], 1e3 * min(seconds)

    def ask(self, command, repetitions):
        print(f"{command} {repetitions}", file=self.process.stdin, flush=True)
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.lines.close()
        self.output.close()


def rows(calls, shapes):
    """Kernels with the number of calls, milliseconds and floating-point operations, slowest first."""
    by_key = {}
    for call in calls:
        row = by_key.setdefault(call.key(shapes), [0, 0.0, 0])
        row[0] += 1
        row[1] += call.milliseconds
        row[2] += flops(call.kind, call.problem)
    return sorted(by_key.items(), key=lambda item: -item[1][1])


def table(title, calls, wall, options, earlier):
    total = sum(call.milliseconds for call in calls)
    print(f"\n{title}: {wall:.1f} ms, of which {total:.1f} ms in {len(calls)} kernel calls\n")
    shape, before = ("| shape " if options.shapes else ""), ("| before, ms " if earlier else "")
    print(f"| operation | kernel {shape}| calls | ms {before}| share | GFLOP/s |")
    print("|---|---|" + "---|" * options.shapes + "---:|" * (5 if earlier else 4))
    for key, (count, milliseconds, operations) in rows(calls, options.shapes)[: options.rows]:
        cells = [*(key if options.shapes else key[:2]), count, f"{milliseconds:.2f}"]
        if earlier:
            old = earlier.get(title, {}).get("|".join(key))
            cells.append("-" if old is None else f"{old:.2f}")
        cells += [f"{100 * milliseconds / total:.1f}%", f"{operations / milliseconds / 1e6:.0f}" if operations else ""]
        print("| " + " | ".join(str(cell) for cell in cells) + " |")
    return {"|".join(key): row[1] for key, row in rows(calls, options.shapes)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="a variant name or a YAML file")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--inference", action="store_true", help="no training")
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--shapes", action="store_true", help="a row per shape")
    parser.add_argument("--rows", type=int, default=20, help="rows of a table")
    parser.add_argument("--save", metavar="FILE", help="write the times as JSON")
    parser.add_argument("--against", metavar="FILE", help="a file written by --save, with the same options")
    options = parser.parse_args()
    earlier = json.loads(pathlib.Path(options.against).read_text()) if options.against else None
    worker = Worker(
        options.config, [f"train.batch={options.batch}", f"train.precision={options.precision}"], options.threads
    )
    passes = {
        f"training, batch {options.batch}": ("train", options.repetitions),
        f"inference, batch {options.batch}": (f"infer {options.batch}", options.repetitions),
        "inference, one image": ("infer 1", 2 * options.repetitions),
    }
    if options.inference:
        del passes[f"training, batch {options.batch}"]
    print(f"{options.config}, {options.precision}, {options.threads} threads, shortest of {options.repetitions} passes")
    times = {}
    for title, (command, repetitions) in passes.items():
        times[title] = table(title, *worker.measure(command, repetitions), options, earlier)
    worker.close()
    if options.save:
        pathlib.Path(options.save).write_text(json.dumps(times, indent=1))


if __name__ == "__main__":
    main()
