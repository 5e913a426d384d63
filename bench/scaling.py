"""Fits a model of the step time to the measurements of bench/spark.sh, and writes its part of docs/generated/scaling.md.

    python3 bench/scaling.py target/bench/spark.jsonl docs/generated/scaling.md

Runs no measurements. Replaces the part of the page between the two marks.
"""

import json
import math
import pathlib
import platform
import sys

from markdown import table

BEGIN = "<!-- made by bench/scaling.py -->"
END = "<!-- end of what bench/scaling.py made -->"

GATHER = "GATHER"
REDUCE_SCATTER = "REDUCE_SCATTER"
METHODS = [(GATHER, "gather"), (REDUCE_SCATTER, "reduce-scatter"), ("treeAggregate", "treeAggregate"), ("barrier", "barrier, all-gather")]

# Usable bandwidth of a 10 Gb/s link in bytes per second: 90 % of the line rate, in both directions at once.
LINK = 0.9 * 10e9 / 8
NODES = (2, 8, 32, 100)
# Name, trainable parameters and forward MACs per image (as in `./vit4j models`), global batch size.
NETWORKS = [
    ("deit_tiny, batch 1,024", 5_717_416, 1_253_683_200, 1024),
    ("deit_small, batch 1,024", 22_050_664, 4_598_882_304, 1024),
    ("vit_base, batch 4,096", 86_567_656, 17_563_828_224, 4096),
]
# Computing speed of a node relative to this machine.
SPEEDS = [("as fast as this machine", 1), ("20 times as fast (a 40-core server)", 20)]


def slope(points):
    """Least-squares slope of a line through the origin."""
    return sum(x * y for x, y in points) / sum(x * x for x, _ in points)


def line(points):
    """Least-squares line: intercept and slope."""
    n = len(points)
    mx = sum(x for x, _ in points) / n
    my = sum(y for _, y in points) / n
    b = sum((x - mx) * (y - my) for x, y in points) / sum((x - mx) ** 2 for x, _ in points)
    return my - b * mx, b


class Measured:
    def __init__(self, lines):
        self.lines = lines
        self.networks = sorted({(row["weights"], row["batch"]) for row in lines})

    def ms(self, weights, executors, what):
        """Milliseconds of a measurement; None if it is missing."""
        found = (row for row in self.lines if (row["weights"], row["executors"], row["what"]) == (weights, executors, what))
        return next((row["ms"] for row in found), None)


class Model:
    """Model of the seconds of the parts of a step; 4 bytes per parameter."""

    def __init__(self, measured):
        # Independent of the network except for JVM warm-up: use the fastest.
        empty = [(n, [measured.ms(w, n, "empty job") for w, _ in measured.networks]) for n in (1, 2, 4, 8)]
        self.empty = [(n, min(ms for ms in found if ms is not None) / 1e3) for n, found in empty]
        # Fit to 1 and 2 executors only: more executors than cores compete for cores, unlike in a cluster.
        self.job, self.task = line(self.empty[:2])

        def without_jobs(executors, what, jobs):
            """Points (bytes, seconds) of a measurement minus the cost of its jobs."""
            return [
                (4 * w, (measured.ms(w, executors, what) - jobs * measured.ms(w, executors, "empty job")) / 1e3)
                for w, _ in measured.networks
            ]

        self.broadcast = slope(without_jobs(2, "broadcast", 1))
        gathered = [(n * x, y) for n in (1, 2) for x, y in without_jobs(n, "exchange, " + GATHER, 1)]
        self.gather = slope(gathered)
        self.scatter = slope(without_jobs(2, "exchange, " + REDUCE_SCATTER, 2))

    def jobs(self, nodes):
        return self.job + self.task * nodes

    def exchange(self, weights, nodes, method, link=math.inf):
        """Seconds of a step except computing, for two or more nodes with links of `link` bytes per second."""
        size = 4 * weights
        out = size * (self.broadcast + 2 / link)
        if method == GATHER:
            return self.jobs(nodes) + out + nodes * size * (self.gather + 1 / link)
        return 2 * self.jobs(nodes) + out + size * (self.scatter + 2 / link)


def ms(value):
    return "-" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def network(weights, batch):
    return f"{weights / 1e6:.2f} M parameters, batch {batch}"


def measured_part(measured):
    yield from [
        "One core per executor, `OMP_NUM_THREADS=1`, driver and executors on the same two cores. Medians of 12 steps after 4 "
        "unmeasured ones. A step is broadcast, loss and gradient of a batch, and the sum of gradients; the optimizer, which always "
        "runs on the driver, is not included.",
        "",
    ]
    rows = []
    for weights, batch in measured.networks:
        alone = measured.ms(weights, 0, "worker, 1 part of 1")
        row = [network(weights, batch), f"{1e3 * batch / alone:.0f}"]
        for executors in (1, 2):
            for method in (GATHER, REDUCE_SCATTER):
                row.append(f"{1e3 * batch / measured.ms(weights, executors, 'step, ' + method):.0f}")
        best = min(measured.ms(weights, 2, "step, " + method) for method in (GATHER, REDUCE_SCATTER))
        row.append(f"{alone / best:.2f}")
        rows.append(row)
    yield from table(
        ["images/s", "one process", "1 executor, gather", "1, reduce-scatter", "2 executors, gather", "2, reduce-scatter", "speed-up of 2 executors"],
        rows,
    )
    yield from ["Single parts of a step, in milliseconds (1 executor / 2 executors):", ""]
    rows = []

    def both(weights, what):
        return " / ".join(ms(measured.ms(weights, n, what)) for n in (1, 2))

    for weights, batch in measured.networks:
        rows.append(
            [f"{weights / 1e6:.2f} M parameters, {4 * weights / 1e6:.1f} MB", both(weights, "broadcast")]
            + [both(weights, "exchange, " + method) for method, _ in METHODS]
        )
    yield from table(["", "broadcast", *(name for _, name in METHODS)], rows)


def model_part(measured, model):
    jobs = ", ".join(f"{1e3 * seconds:.1f} ms on {n}" for n, seconds in model.empty)
    yield from [
        f"An empty job takes {jobs} executors. 4 and 8 executors share two cores and are excluded from the fit. "
        "The fit, with *S* bytes of parameters (4 per parameter) and *N* nodes:",
        "",
        f"- a Spark job: {1e3 * model.job:.1f} ms + {1e3 * model.task:.2f} ms · N;",
        f"- broadcast: {1e9 * model.broadcast:.2f} ns · S for serializing and copying, plus 2 · S / bandwidth;",
        f"- gather at the driver, one job: N · S · ({1e9 * model.gather:.2f} ns + 1 / bandwidth);",
        f"- reduce-scatter, two jobs: S · ({1e9 * model.scatter:.2f} ns + 2 / bandwidth).",
        "",
    ]
    rows = []
    for weights, batch in measured.networks:
        for method, name in METHODS[:2]:
            half = measured.ms(weights, 0, "worker, 1 part of 2")
            predicted = half + 1e3 * model.exchange(weights, 2, method)
            actual = measured.ms(weights, 2, "step, " + method)
            rows.append([network(weights, batch), name, ms(half), ms(predicted), ms(actual), f"{predicted / actual:.2f}"])
    yield from ["Prediction of the complete step on two executors, which was not used for the fit, from the time of half a batch:", ""]
    yield from table(["", "exchange", "half a batch, ms", "predicted, ms", "measured, ms", "predicted / measured"], rows)


def rate_here(measured):
    """Multiply-accumulates per second of the two cores, from the largest measured network."""
    weights, batch = measured.networks[-1]
    tokens = 17
    macs = batch * weights * tokens * 3
    return 2 * macs / (measured.ms(weights, 0, "worker, 1 part of 1") / 1e3)


def extrapolated(measured, model):
    here = rate_here(measured)
    yield from [
        "Assumptions: every node is a separate machine with a 10 Gb/s link in both directions, 90 % of which is usable; "
        "communication does not overlap with computing; loading data takes no time; the backward pass takes twice the time of the "
        f"forward pass; a node computes {here / 1e9:.0f} G multiply-accumulates per second (two cores of this machine, from the "
        "largest network above) or 20 times that; the parts of the exchange take as long as measured here; all nodes are equally "
        "fast. Nothing of this was measured on a cluster.",
        "",
    ]
    for name, factor in SPEEDS:
        rate = here * factor
        rows = []
        for title, weights, macs, batch in NETWORKS:
            alone = batch * 3 * macs / rate
            for nodes in NODES:
                compute = alone / nodes
                seconds = {method: model.exchange(weights, nodes, method, LINK) for method in (GATHER, REDUCE_SCATTER)}
                step = compute + min(seconds.values())
                rows.append(
                    [
                        title if nodes == NODES[0] else "",
                        str(nodes),
                        f"{compute:.2f}",
                        f"{seconds[GATHER]:.2f}",
                        f"{seconds[REDUCE_SCATTER]:.2f}",
                        f"{alone / step:.1f}",
                        f"{100 * alone / step / nodes:.0f}%",
                    ]
                )
        yield from [f"Nodes {name}:", ""]
        yield from table(
            ["", "nodes", "computing, s", "gather, s", "reduce-scatter, s", "speed-up", "efficiency"], rows
        )
    for title, weights, macs, batch in NETWORKS:
        faster = [n for n in range(2, 101) if model.exchange(weights, n, REDUCE_SCATTER, LINK) < model.exchange(weights, n, GATHER, LINK)]
        text = f"for {faster[0]} or more nodes" if faster else "for no number of nodes up to 100"
        yield f"- {title}: reduce-scatter is faster {text}; the exchange takes half of the step from " + break_even(
            model, weights, macs, batch, here
        )
    yield ""


def break_even(model, weights, macs, batch, rate):
    texts = []
    for name, factor in SPEEDS:
        alone = batch * 3 * macs / (rate * factor)
        for nodes in range(2, 100_000):
            if min(model.exchange(weights, nodes, method, LINK) for method in (GATHER, REDUCE_SCATTER)) > alone / nodes:
                texts.append(f"{nodes:,} nodes {name}")
                break
    return ", ".join(texts) + "."


def page(measured):
    model = Model(measured)
    yield from [BEGIN, ""]
    yield from ["### Measured", "", f"`bench/spark.sh` on {platform.system()}, 2 cores.", ""]
    yield from measured_part(measured)
    yield from ["### Model of the step time", ""]
    yield from model_part(measured, model)
    yield from ["### Extrapolation to more nodes", ""]
    yield from extrapolated(measured, model)
    yield END


def main():
    lines = [json.loads(text) for text in pathlib.Path(sys.argv[1]).read_text().splitlines() if text.startswith("{")]
    target = pathlib.Path(sys.argv[2])
    text = target.read_text()
    begin, end = text.index(BEGIN), text.index(END) + len(END)
    target.write_text(text[:begin] + "\n".join(page(Measured(lines))) + text[end:])


if __name__ == "__main__":
    main()
