"""Fits a model of a step's time to what bench/spark.sh measured, and writes its part of docs/scaling.md.

    python3 bench/scaling.py target/bench/spark.jsonl docs/scaling.md

Measures nothing itself. What lies between the page's two marks is replaced.
"""

import json
import math
import pathlib
import platform
import sys

from markdown import table

BEGIN = "<!-- made by bench/scaling.py -->"
END = "<!-- end of what bench/scaling.py made -->"

AT_THE_DRIVER = "AT_THE_DRIVER"
IN_SLICES = "IN_SLICES"
WAYS = [(AT_THE_DRIVER, "collected at the driver"), (IN_SLICES, "in slices"), ("treeAggregate", "treeAggregate"), ("barrier", "barrier, all-gather")]

# Of 10 Gb/s, in bytes a second: nine tenths of the line rate, in each direction at once.
LINK = 0.9 * 10e9 / 8
NODES = (2, 8, 32, 100)
# Name, weights that train and MACs of an image forward (as `./vit4j models` has them), batch of all nodes together.
NETWORKS = [
    ("deit_tiny, batch 1,024", 5_717_416, 1_253_683_200, 1024),
    ("deit_small, batch 1,024", 22_050_664, 4_598_882_304, 1024),
    ("vit_base, batch 4,096", 86_567_656, 17_563_828_224, 4096),
]
# How fast a node computes, in times of this machine.
SPEEDS = [("as this machine", 1), ("20 times as fast (a 40-core server)", 20)]


def slope(points):
    """Least squares through the origin."""
    return sum(x * y for x, y in points) / sum(x * x for x, _ in points)


def line(points):
    """Least squares: intercept and slope."""
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
        """None where that was not measured."""
        found = (row for row in self.lines if (row["weights"], row["executors"], row["what"]) == (weights, executors, what))
        return next((row["ms"] for row in found), None)


class Model:
    """Seconds of a step's parts; bytes are 4 a weight."""

    def __init__(self, measured):
        # The same in every process but for how warm it was: the warmest counts.
        empty = [(n, [measured.ms(w, n, "empty job") for w, _ in measured.networks]) for n in (1, 2, 4, 8)]
        self.empty = [(n, min(ms for ms in found if ms is not None) / 1e3) for n, found in empty]
        # More executors than cores wait for each other: measured, but not what a cluster has.
        self.job, self.task = line(self.empty[:2])

        def rest(executors, what, jobs):
            """What is left of a measurement when the jobs' cost in that process is taken off, against bytes."""
            return [
                (4 * w, (measured.ms(w, executors, what) - jobs * measured.ms(w, executors, "empty job")) / 1e3)
                for w, _ in measured.networks
            ]

        self.broadcast = slope(rest(2, "broadcast", 1))
        at_the_driver = [(n * x, y) for n in (1, 2) for x, y in rest(n, "exchange, " + AT_THE_DRIVER, 1)]
        self.collected = slope(at_the_driver)
        self.sliced = slope(rest(2, "exchange, " + IN_SLICES, 2))

    def jobs(self, nodes):
        return self.job + self.task * nodes

    def exchange(self, weights, nodes, way, link=math.inf):
        """Everything but the computing, among two nodes or more with a link of so many bytes a second each."""
        size = 4 * weights
        out = size * (self.broadcast + 2 / link)
        if way == AT_THE_DRIVER:
            return self.jobs(nodes) + out + nodes * size * (self.collected + 1 / link)
        return 2 * self.jobs(nodes) + out + size * (self.sliced + 2 / link)


def ms(value):
    return "-" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def network(weights, batch):
    return f"{weights / 1e6:.2f} M weights, batch {batch}"


def measured_part(measured):
    yield from [
        "One core an executor, `OMP_NUM_THREADS=1`, driver and executors on the same two cores. Medians of 12 steps after 4. A step is "
        "broadcast, loss and gradient of a batch, and adding up; without the optimizer, which is the driver's and the same in each.",
        "",
    ]
    rows = []
    for weights, batch in measured.networks:
        alone = measured.ms(weights, 0, "worker, 1 part of 1")
        row = [network(weights, batch), f"{1e3 * batch / alone:.0f}"]
        for executors in (1, 2):
            for way in (AT_THE_DRIVER, IN_SLICES):
                row.append(f"{1e3 * batch / measured.ms(weights, executors, 'step, ' + way):.0f}")
        best = min(measured.ms(weights, 2, "step, " + way) for way in (AT_THE_DRIVER, IN_SLICES))
        row.append(f"{alone / best:.2f}")
        rows.append(row)
    yield from table(
        ["images/s", "one process", "1 executor, at the driver", "1, in slices", "2 executors, at the driver", "2, in slices", "2 against one process"],
        rows,
    )
    yield from ["What the parts cost alone, in milliseconds (1 executor / 2 executors):", ""]
    rows = []

    def both(weights, what):
        return " / ".join(ms(measured.ms(weights, n, what)) for n in (1, 2))

    for weights, batch in measured.networks:
        rows.append(
            [f"{weights / 1e6:.2f} M weights, {4 * weights / 1e6:.1f} MB", both(weights, "broadcast")]
            + [both(weights, "exchange, " + way) for way, _ in WAYS]
        )
    yield from table(["", "broadcast", *(name for _, name in WAYS)], rows)


def model_part(measured, model):
    jobs = ", ".join(f"{1e3 * seconds:.1f} ms on {n}" for n, seconds in model.empty)
    yield from [
        f"An empty job takes {jobs} executors; 4 and 8 share two cores, wait for each other, and are left out of the fit. "
        "The fit, with *S* bytes of weights (4 a weight) and *N* nodes:",
        "",
        f"- a job: {1e3 * model.job:.1f} ms + {1e3 * model.task:.2f} ms · N;",
        f"- the broadcast: {1e9 * model.broadcast:.2f} ns · S of serializing and copying, and 2 · S / bandwidth;",
        f"- collected at the driver, one job: N · S · ({1e9 * model.collected:.2f} ns + 1 / bandwidth);",
        f"- in slices, two jobs: S · ({1e9 * model.sliced:.2f} ns + 2 / bandwidth).",
        "",
    ]
    rows = []
    for weights, batch in measured.networks:
        for way, name in WAYS[:2]:
            half = measured.ms(weights, 0, "worker, 1 part of 2")
            foretold = half + 1e3 * model.exchange(weights, 2, way)
            seen = measured.ms(weights, 2, "step, " + way)
            rows.append([network(weights, batch), name, ms(half), ms(foretold), ms(seen), f"{foretold / seen:.2f}"])
    yield from ["How well it tells the whole step on two executors, which it was not fitted to, from half a batch alone:", ""]
    yield from table(["", "way", "half a batch, ms", "foretold, ms", "measured, ms", "foretold / measured"], rows)


def rate_here(measured):
    """Useful multiply-accumulates a second of the two cores, from the largest network that was measured."""
    weights, batch = measured.networks[-1]
    tokens = 17
    macs = batch * weights * tokens * 3
    return 2 * macs / (measured.ms(weights, 0, "worker, 1 part of 1") / 1e3)


def extrapolated(measured, model):
    here = rate_here(measured)
    yield from [
        "Assumed: every node is a machine of its own with 10 Gb/s both ways, nine tenths of which are used; sending does not overlap "
        "with computing; reading data costs nothing; backward is twice forward; a node computes "
        f"{here / 1e9:.0f} G multiply-accumulates a second (two cores of this machine, from the largest network above) or 20 times "
        "that; the parts of the exchange cost what they cost here; no node is slower than the others. "
        "None of this was measured on a cluster.",
        "",
    ]
    for name, factor in SPEEDS:
        rate = here * factor
        rows = []
        for title, weights, macs, batch in NETWORKS:
            alone = batch * 3 * macs / rate
            for nodes in NODES:
                compute = alone / nodes
                ways = {way: model.exchange(weights, nodes, way, LINK) for way in (AT_THE_DRIVER, IN_SLICES)}
                way = min(ways, key=ways.get)
                step = compute + ways[way]
                rows.append(
                    [
                        title if nodes == NODES[0] else "",
                        str(nodes),
                        f"{compute:.2f}",
                        f"{ways[AT_THE_DRIVER]:.2f}",
                        f"{ways[IN_SLICES]:.2f}",
                        f"{alone / step:.1f}",
                        f"{100 * alone / step / nodes:.0f}%",
                    ]
                )
        yield from [f"Nodes {name}:", ""]
        yield from table(
            ["", "nodes", "computing, s", "at the driver, s", "in slices, s", "times one node", "of ideal"], rows
        )
    for title, weights, macs, batch in NETWORKS:
        few = [n for n in range(2, 101) if model.exchange(weights, n, IN_SLICES, LINK) < model.exchange(weights, n, AT_THE_DRIVER, LINK)]
        text = f"from {few[0]} nodes on" if few else "at no number of nodes up to 100"
        yield f"- {title}: slices are the faster way {text}; half the nodes' time is the exchange's from " + half(
            model, weights, macs, batch, here
        )
    yield ""


def half(model, weights, macs, batch, rate):
    texts = []
    for name, factor in SPEEDS:
        alone = batch * 3 * macs / (rate * factor)
        for nodes in range(2, 100_000):
            if min(model.exchange(weights, nodes, way, LINK) for way in (AT_THE_DRIVER, IN_SLICES)) > alone / nodes:
                texts.append(f"{nodes:,} nodes {name}")
                break
    return ", ".join(texts) + "."


def page(measured):
    model = Model(measured)
    yield from [BEGIN, ""]
    yield from ["### Measured", "", f"`bench/spark.sh` on {platform.system()}, 2 cores.", ""]
    yield from measured_part(measured)
    yield from ["### A model of a step", ""]
    yield from model_part(measured, model)
    yield from ["### More nodes, on paper", ""]
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
