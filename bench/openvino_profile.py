"""Time by kind of kernel in inference, of vit4j and OpenVINO in turns, as a Markdown table: where a network loses.

    python3 bench/openvino_profile.py cvt_13 --precision bf16 --batch 1 8 32

NETWORK is one that `bench/run.sh prepare` has prepared; needs the packages of bench/requirements.txt. Both programs are slower
than without a profile: oneDNN prints each kernel as it ends.
"""

import argparse
import statistics
import time

import compare
import kernel_profile
import models
import openvino
import peer
import short
from markdown import table

KINDS = ["dense layers", "attention, elementwise", "convolutions", "norms", "copies", "other"]
OURS = {"softmax": "attention, elementwise", "eltwise": "attention, elementwise", "binary": "attention, elementwise"}
OURS |= {"convolution": "convolutions", "layer_normalization": "norms", "batch_normalization": "norms", "reorder": "copies"}
THEIRS = {"FullyConnected": "dense layers", "Convolution": "convolutions", "GroupConvolution": "convolutions", "MVN": "norms"}
THEIRS |= dict.fromkeys(["Subgraph", "MatMul", "Softmax", "Eltwise", "ScaledDotProductAttention"], "attention, elementwise")
THEIRS |= dict.fromkeys(["Transpose", "Reorder", "Concat", "VariadicSplit", "Split", "Slice", "StridedSlice"], "copies")


def our_kind(call):
    if call.kind == "matmul":
        return "dense layers" if call.problem.split(":")[0].count("x") == 1 else "attention, elementwise"
    return OURS.get(call.kind, "other")


class OpenVino:
    """OpenVINO with performance counters."""

    def __init__(self, row, batch, options):
        fields = {"peer": row.peer, "image": row.image, "threads": options.threads, "precision": options.precision}
        fields["directory"] = str(short.directory(row))
        self.request = peer.OpenVino(fields).compile(openvino.Core(), batch, PERF_COUNT=True).create_infer_request()
        self.images = peer.images(fields, batch).numpy()

    def measure(self):
        begin = time.perf_counter()
        self.request.infer([self.images])
        wall = 1e3 * (time.perf_counter() - begin)
        kernels = [(p.node_type, p.real_time.total_seconds() * 1e3) for p in self.request.profiling_info]
        return [(THEIRS.get(kind, "other"), taken) for kind, taken in kernels], wall


class Vit4j:
    """vit4j with oneDNN's verbose mode."""

    def __init__(self, row, batch, options):
        self.worker = kernel_profile.Worker(
            row.config, [*row.overrides(), f"train.precision={options.precision}"], options.threads
        )
        self.batch = batch

    def measure(self):
        calls, seconds = self.worker.ask(f"infer {self.batch}", 1)
        return [(our_kind(call), call.milliseconds) for call in calls], 1e3 * seconds[0]


def typical(passes):
    """Milliseconds by kind of kernel, and of a pass: means of the middle third of the passes by their time, in which the processor
    ran at one speed. Medians of single kernels have a smaller sum than the median pass."""
    third = len(passes) // 3
    middle = sorted(passes, key=lambda one: one[1])[third : len(passes) - third]
    found = {}
    for kernels, _ in middle:
        for kind, taken in kernels:
            found[kind] = found.get(kind, 0) + taken / len(middle)
    return found, statistics.mean(wall for _, wall in middle)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=[row.name for row in models.SHORT])
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--batch", type=int, nargs="+", default=short.BATCHES)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--passes", type=int, default=24)
    options = parser.parse_args()
    row = next(row for row in models.SHORT if row.name == options.network)
    body = []
    for batch in options.batch:
        programs = {"vit4j": Vit4j(row, batch, options), "OpenVINO": OpenVino(row, batch, options)}
        for program in programs.values():
            for _ in range(kernel_profile.WARM_UP):
                program.measure()
        passes = {name: [] for name in programs}
        for _ in range(options.passes):
            for name, program in programs.items():
                time.sleep(compare.PAUSE)
                passes[name].append(program.measure())
        programs["vit4j"].worker.close()
        for name, taken in passes.items():
            kinds, wall = typical(taken)
            cells = [f"{kinds.get(kind, 0):.2f}" for kind in KINDS]
            body.append([batch, name, *cells, f"{sum(kinds.values()):.2f}", f"{wall:.2f}"])
    print(f"{row.name}, {options.precision}, {options.threads} threads, ms, middle third of {options.passes} passes\n")
    print("\n".join(table(["batch", "", *KINDS, "kernels", "a pass"], body)))


if __name__ == "__main__":
    main()
